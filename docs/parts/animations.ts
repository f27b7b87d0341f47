import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { commands } from '../../src/cli/registry.ts'
import { textbook } from './gallery.ts'
import { root } from './pictures.ts'

// The frames hold text, which the fonts of a machine draw each in its own way: no digests of these.

const isThere = commands.some(({ name }) => name === 'animate')

/** The path of the animation of an operator of the textbook. */
export const animationOf = (name: string): string => `docs/pictures/animate-${name}.webp`

/** Whether there is an animation of an operator of the textbook. */
export const hasAnimation = (name: string): boolean => existsSync(join(root, animationOf(name)))

/** Makes the animation of every operator of the textbook that `convo animate` knows; without that command, nothing. */
export async function makeAnimations(): Promise<void> {
  if (!isThere) return
  for (const { name } of textbook) {
    const words = [join(root, 'bin/convo.js'), 'animate', name, join(root, animationOf(name))]
    const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' })
    if (status !== 0) console.error(`no animation of ${name}: ${stderr.trim()}`)
    else console.log(`${animationOf(name)}: ${statSync(join(root, animationOf(name))).size} bytes`)
  }
}
