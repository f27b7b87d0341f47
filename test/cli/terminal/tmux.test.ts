// biome-ignore-all lint/suspicious/noControlCharactersInRegex: colours are what is looked for
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launcher, scratch } from '../convo.ts'

const hasTmux = spawnSync('tmux', ['-V']).status === 0
const here = scratch('scene.png')
const socket = `convo-test-${process.pid}`

/** Runs a command of tmux, on a separate server. */
const tmux = (...words: string[]): string =>
  execFileSync('tmux', ['-L', socket, '-f', '/dev/null', ...words], { encoding: 'utf8' })

/** Returns the text on the screen, without empty lines at its end; with colours as escapes if requested. */
const screen = (...options: string[]): string => tmux('capture-pane', '-p', ...options).trimEnd()

const type = (line: string) => tmux('send-keys', '-l', line)
const enter = () => tmux('send-keys', 'Enter')

/** Waits until the screen matches, and returns it. */
async function until(is: (text: string) => boolean, ...options: string[]): Promise<string> {
  for (const end = Date.now() + 150_000; ; await sleep(25)) {
    const text = screen(...options)
    if (is(text)) return text
    if (Date.now() > end) throw new Error(`not seen; on the screen stands:\n${text}`)
  }
}

/** Clears the pane, runs a line in it, and returns what is on the screen. */
async function run(line: string, ...options: string[]): Promise<string> {
  tmux('send-keys', '-R')
  tmux('clear-history')
  type(`clear; ${line}; echo "done:"$?`)
  enter()
  const end = /^(?:\x1b\[[\d;]*m)*done:\d+/m
  const text = await until((seen) => end.test(seen), ...options)
  return text.slice(0, text.search(end))
}

describe.skipIf(!hasTmux)('at a real terminal, tmux (skipped without it)', () => {
  beforeAll(() => {
    mkdirSync(here.path('many'))
    for (let i = 1; i <= 9; i++) copyFileSync(here.path('scene.png'), here.path(`many/${i}.png`))
    writeFileSync(here.path('convo'), `#!/bin/sh\nexec '${process.execPath}' '${launcher}' "$@"\n`, {
      mode: 0o755,
    })
    const environment = [`PATH=${here.path()}:${process.env.PATH}`, 'CI=', 'NO_COLOR=', 'PS1=$ ']
    const shell = ['env', ...environment, 'TERM=screen-256color', 'bash', '--norc', '--noprofile']
    tmux('new-session', '-d', '-x', '70', '-y', '24', '-c', here.path(), ...shell)
  })
  afterAll(() => {
    spawnSync('tmux', ['-L', socket, 'kill-server'])
  })

  it('completes at the prompt of bash: options, kernels, borders, and files by bash itself', async () => {
    type('eval "$(convo completion bash)"; clear')
    enter()
    await until((text) => text === '$')
    type('convo conv2d sce')
    tmux('send-keys', 'Tab')
    await until((text) => text.endsWith('convo conv2d scene.png'))
    type('out.png --ker')
    tmux('send-keys', 'Tab')
    await until((text) => text.endsWith('--kernel'))
    type('sobel-')
    tmux('send-keys', 'Tab', 'Tab')
    await until((text) => /sobel-x +sobel-y/.test(text))
    type('x --border refl')
    tmux('send-keys', 'Tab')
    await until((text) => text.endsWith('--border reflect'))
    tmux('send-keys', 'C-u')
  })

  it('shows a bar while a batch runs, within a window that becomes narrow, and takes it away', async () => {
    // the batch waits at these outputs until something reads them
    const gates = ['2', '3', '4'].map((name) => here.path(`made/${name}.png`))
    mkdirSync(here.path('made'))
    execFileSync('mkfifo', gates)
    const open = (gate: string) => execFileSync('cat', [gate], { stdio: 'ignore', timeout: 150_000 })
    tmux('resize-window', '-x', '70', '-y', '24')
    type("clear; convo batch many -o 'made/{stem}.png' --jobs 1 -- gaussian; echo done:$?")
    enter()
    const at = (text: string) => Number(/(\d) of 9/.exec(text.split('\n').at(-1)!)?.[1] ?? 0)
    const wide = await until((text) => /\[#+\.+\] 1 of 9/.test(text))
    const bars = wide.split('\n').filter((line) => line.includes(' of 9'))
    expect(bars).toHaveLength(1)
    expect(bars[0]!.length).toBeLessThan(70)
    tmux('resize-window', '-x', '34', '-y', '24')
    let narrow = ''
    // the program learns the width after the first of two at the latest
    for (const [i, gate] of gates.slice(0, 2).entries()) {
      // a bar is drawn again after 100 ms
      await sleep(150)
      open(gate)
      narrow = await until((text) => at(text) === 2 + i)
    }
    // one line, and the old one, which the terminal itself wrapped when it became narrow
    expect(narrow.split('\n').at(-1)).toMatch(/^(\[#*\.*\] )?3 of 9/)
    expect(narrow.split('\n').at(-1)!.length).toBeLessThan(34)
    open(gates[2]!)
    const end = await until((text) => /^done:\d$/m.test(text))
    expect(end).toContain('done:0')
    expect(end.replaceAll('\n', '')).toMatch(/9 pictures in .*9 done/)
    expect(end.split('\n').at(-2)).not.toContain(' of 9')
    tmux('resize-window', '-x', '70', '-y', '24')
  })

  it('colours errors and notes, and nothing under NO_COLOR', async () => {
    const coloured = await run('convo sobel none.png out.png', '-e')
    expect(coloured).toMatch(/\x1b\[1m\x1b\[31merror:|\x1b\[1;31merror:/)
    const plain = await run('NO_COLOR=1 convo sobel none.png out.png', '-e')
    expect(plain).toContain('error: there is no file none.png')
    expect(plain).not.toContain('\x1b')
    expect(await run('TERM=dumb convo sobel none.png out.png', '-e')).not.toContain('\x1b')
    const note = await run('convo sobel scene.png out.png', '-e')
    expect(note).toMatch(/\x1b\[[\d;]*mnote:/)
    const kernel = await run('convo show sobel-x', '-e')
    expect(kernel).toMatch(/\x1b\[[\d;:]*48/)
    expect(await run('NO_COLOR=1 convo show sobel-x', '-e')).not.toContain('\x1b')
  })

  it.each([40, 70])('help and kernels fit %d columns', async (columns) => {
    tmux('resize-window', '-x', `${columns}`, '-y', '200')
    for (const line of [
      'convo --help',
      'convo help sobel',
      'convo show gaussian',
      'convo list filters',
      'convo list formats',
      'convo list borders',
      'convo explain sobel scene.png',
    ]) {
      // the terminal would wrap a longer line, which shows when it is joined again
      const text = await run(line, '-J')
      const long = text
        .split('\n')
        .filter((one) => one.trimEnd().length > columns && !/^ {2}(convo|-)/.test(one))
      expect([line, long]).toEqual([line, []])
      expect(text.split('\n').length).toBeGreaterThan(9)
    }
    tmux('resize-window', '-x', '70', '-y', '24')
  })

  it('shows the result in half blocks', async () => {
    const text = await run('convo sobel scene.png --preview', '-e')
    expect(text).toContain('▀')
    expect(text).not.toContain('[c')
  })
})
