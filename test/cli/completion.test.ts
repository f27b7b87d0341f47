import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Command } from '../../src/cli/command.ts'
import { completion, shells } from '../../src/cli/commands/completion.ts'
import { commands } from '../../src/cli/registry.ts'
import { namedKernels } from '../../src/filters/names.ts'
import { operations } from '../../src/picture/operations.ts'
import { borders } from '../../src/tensor/border.ts'
import { convo, scratch } from './convo.ts'

/** A command like `batch` and `chain`: files, then another command line. */
const many: Command = {
  name: 'many',
  summary: 'runs an operation on many pictures',
  group: 'commands',
  arguments: [{ name: 'inputs', summary: 'pictures', kind: 'file', repeats: true }],
  tail: '<operation> [options]',
  options: [],
  examples: [],
  run: async () => 0,
}

const has = (shell: string) => spawnSync(shell, ['-c', 'exit 0']).status === 0

type Completer = (...words: string[]) => string[]

/** What every shell must offer. The last word is the one to complete. */
function offers(complete: Completer) {
  it('operations and commands', () => {
    expect(complete('convo', 'sob')).toEqual(['sobel'])
    expect(complete('convo', '')).toEqual(
      expect.arrayContaining([...Object.keys(operations), 'list', 'kernel', 'help']),
    )
  })
  it('options of the command and shared ones', () => {
    expect(complete('convo', 'gaussian', '--sig')).toEqual(expect.arrayContaining(['--sigma', '--sigma-y']))
    expect(complete('convo', 'sobel', 'in.png', 'out.png', '--bord')).toEqual(['--border'])
    expect(complete('convo', 'sobel', '--sig')).toEqual([])
  })
  it('the words that an option takes, which may differ by command', () => {
    expect(complete('convo', 'sobel', '--axis', '').sort()).toEqual(['angle', 'magnitude', 'x', 'y'])
    expect(complete('convo', 'savgol', '--axis', '').sort()).toEqual(['both', 'x', 'y'])
    expect(complete('convo', 'box', 'in.png', 'out.png', '--border', '').sort()).toEqual(
      Object.keys(borders).sort(),
    )
    expect(complete('convo', 'box', '--border', 're').sort()).toEqual(['reflect', 'replicate'])
  })
  it('kernels by name', () => {
    const found = complete('convo', 'conv2d', '--kernel', 'sobel-')
    expect(found.sort()).toEqual(
      Object.keys(namedKernels)
        .filter((name) => name.startsWith('sobel-'))
        .sort(),
    )
  })
  it('kernels by name or file where one is the argument', () => {
    expect(complete('convo', 'show', 'sc').sort()).toEqual(['scene.png', 'scharr-x', 'scharr-y'])
    expect(complete('convo', 'kernel', 'convert', 'sobel-').sort()).toEqual(['sobel-x', 'sobel-y'])
  })
  it('options that came later', () => {
    expect(complete('convo', 'sobel', 'in.png', '--prev')).toEqual(['--preview'])
    expect(complete('convo', 'explain', 'sobel', '--sv')).toEqual(['--svg'])
  })
  it('another command line behind -- of a command with a tail', () => {
    expect(complete('convo', 'many', 'in.png', '--', 'sob')).toEqual(['sobel'])
    expect(complete('convo', 'many', 'in.png', '--', 'box', '--border', 're').sort()).toEqual([
      'reflect',
      'replicate',
    ])
    expect(
      complete('convo', 'many', 'in.png', '--', 'sobel', '--axis', 'x', '--', 'savgol', '--axis', 'b'),
    ).toEqual(['both'])
  })
  it('the words of commands', () => {
    expect(complete('convo', 'list', '').sort()).toEqual([
      'borders',
      'filters',
      'formats',
      'kernels',
      'operators',
    ])
    expect(complete('convo', 'kernel', '')).toEqual(['convert'])
    expect(complete('convo', 'help', 'gau')).toEqual(['gaussian'])
  })
}

describe('convo completion', () => {
  const folder = scratch('scene.png')
  const script = (shell: string) => folder.path(`convo.${shell}`)
  beforeAll(() => {
    for (const shell of shells) {
      writeFileSync(script(shell), completion(shell, [...commands, many]))
    }
  })

  it.each(shells)('prints the script for %s, which is static: it does not run convo', async (shell) => {
    const { status, stdout, stderr } = await convo(['completion', shell])
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toBe(completion(shell, commands))
    expect(stdout).not.toMatch(/\$\(convo|`convo|node /)
  })

  describe.skipIf(!has('bash'))('bash', () => {
    const complete: Completer = (...words) => {
      const line = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _convo; printf '%s\\n' "\${COMPREPLY[@]}"`
      const out = execFileSync('bash', ['--norc', '-c', line, 'bash', script('bash'), ...words], {
        cwd: folder.path(),
      })
      return out.toString().split('\n').filter(Boolean)
    }
    offers(complete)
    it('leaves file names to the shell', () => {
      expect(complete('convo', 'sobel', 'sc')).toEqual([])
      const registered = execFileSync('bash', [
        '--norc',
        '-c',
        'source "$1"; complete -p convo',
        'bash',
        script('bash'),
      ])
      expect(registered.toString()).toBe('complete -o default -F _convo convo\n')
    })
    it('understands --option=value, which bash cuts in three', () => {
      expect(complete('convo', 'box', '--border', '=', 're')).toEqual(['replicate', 'reflect'])
      expect(complete('convo', 'box', '--border', '=')).toEqual(Object.keys(borders))
    })
    it('offers files beside kernel names', () => {
      expect(complete('convo', 'conv2d', '--kernel', 'sc')).toEqual(
        expect.arrayContaining(['scene.png', 'scharr-x', 'scharr-y']),
      )
    })
  })

  describe.skipIf(!has('fish'))('fish', () => {
    const complete: Completer = (...words) => {
      const line = words.map((word) => (word === '' ? '' : word)).join(' ')
      const out = execFileSync(
        'fish',
        ['--no-config', '-c', 'source $argv[1]; complete -C $argv[2]', script('fish'), line],
        {
          cwd: folder.path(),
          env: { ...process.env, HOME: folder.path() },
        },
      )
      return out
        .toString()
        .split('\n')
        .filter(Boolean)
        .map((found) => found.split('\t')[0]!)
    }
    offers(complete)
    it('leaves file names to the shell', () => {
      expect(complete('convo', 'sobel', 'sc')).toEqual(['scene.png'])
      expect(complete('convo', 'explain', 'sobel', '--svg', 'sc')).toEqual(['scene.png'])
    })
  })

  describe.skipIf(!has('zsh'))('zsh', () => {
    // The completion functions run in a line editor on a pseudo-terminal. What they add is recorded instead of shown.
    const complete: Completer = (...words) => {
      const setup = `
        autoload -U compinit; compinit -u -D
        source ${script('zsh')}
        zstyle ':completion:*' menu no
        compadd() {
          local -a found names
          builtin compadd -O found "$@"
          print -rl -- $found >> ${folder.path('zsh.out')}
          builtin compadd "$@"
        }
        complete-once() { zle complete-word; print > ${folder.path('zsh.done')} }
        zle -N complete-once
        bindkey '^I' complete-once
        cd ${folder.path()}
        print READY
      `
      writeFileSync(folder.path('zsh.setup'), setup)
      writeFileSync(folder.path('zsh.out'), '')
      rmSync(folder.path('zsh.done'), { force: true })
      const driver = `
        zmodload zsh/zpty
        zpty shell zsh -f -i
        zpty -w shell "source ${folder.path('zsh.setup')}"
        zpty -r -m shell seen '*READY*'
        zpty -n -w shell "$1"$'\\t'
        for i in {1..7000}; do
          [[ -e ${folder.path('zsh.done')} ]] && break
          sleep 0.02
        done
        zpty -d shell
      `
      execFileSync('zsh', ['-f', '-c', driver, 'zsh', words.join(' ')], { stdio: 'ignore' })
      return [...new Set(readFileSync(folder.path('zsh.out'), 'utf8').split('\n').filter(Boolean))]
    }
    offers(complete)
    it('leaves file names to the shell', () => {
      expect(complete('convo', 'sobel', 'sc')).toEqual(['scene.png'])
      expect(complete('convo', 'explain', 'sobel', '--svg', 'sc')).toEqual(['scene.png'])
    })
  })
})
