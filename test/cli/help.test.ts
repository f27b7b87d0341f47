import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { commandHelp, overview } from '../../src/cli/help.ts'
import { pictureCommands } from '../../src/cli/operation-facts.ts'
import { commands } from '../../src/cli/registry.ts'
import { namedKernels } from '../../src/filters/names.ts'
import { loadKernel } from '../../src/kernel/source.ts'
import { resolve } from '../../src/params.ts'
import { operations } from '../../src/picture/operations.ts'
import { optionsOf, usageOf } from '../../src/picture/words/syntax.ts'
import { understand } from '../../src/picture/words/understand.ts'
import { animations } from '../../src/teach/operators/index.ts'
import { convo, type Run } from './convo.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

describe('convo --version', () => {
  it.each(['--version', '-V'])('%s', async (word) => {
    expect(await convo([word])).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: '' })
  })
})

describe('convo --help', () => {
  let help: Run
  beforeAll(async () => {
    help = await convo(['--help'])
  })
  it('names every command, examples first, in a page', () => {
    expect(help).toMatchObject({ status: 0, stderr: '' })
    for (const { name } of commands) expect(help.stdout).toContain(name)
    expect(help.stdout.indexOf('convo sobel in.png out.png')).toBeLessThan(help.stdout.indexOf('Usage'))
    expect(help.stdout.split('\n').length).toBeLessThan(70)
  })
  it('is convo help too', async () => {
    expect(await convo(['help'])).toEqual(help)
  })
})

describe('the help of a command', () => {
  it('says what sobel is: examples, kernels, source, options, in this order', async () => {
    const { status, stdout, stderr } = await convo(['help', 'sobel'])
    expect([status, stderr]).toEqual([0, ''])
    const parts = [
      'convo sobel: finds edges',
      '  convo sobel in.png out.png\n',
      'Usage: convo sobel <input> <output> [options]',
      'Kernel\n  x, 3x3; flat areas become 0\n    -1   0   1\n    -2   0   2\n    -1   0   1\n',
      '  y, 3x3; flat areas become 0\n    -1  -2  -1\n     0   0   0\n     1   2   1\n',
      'Source\n  I. Sobel, G. Feldman 1968',
      'Options of sobel\n  --size 3|5 ',
      'Kernel options\n  --border <mode> ',
      'Picture\n  --range <word>',
      'Run\n  --threads <n> ',
    ]
    const places = parts.map((part) => stdout.indexOf(part))
    expect(places).not.toContain(-1)
    expect(places).toEqual(places.toSorted((a, b) => a - b))
  })
  it.each([
    ['sobel', '--help'],
    ['sobel', 'a.png', '--nonsense', '--help'],
  ])('is there for convo %s %s', async (...line) => {
    expect(await convo(line)).toEqual(await convo(['help', 'sobel']))
  })
  it('shows ranges and defaults', async () => {
    const { stdout } = await convo(['gaussian', '--help'])
    expect(stdout.replace(/\s+/g, ' ')).toContain('standard deviation, in pixels (0.1 to 500; default: 1)')
  })
  it('tells of a filter what it does by default, its gain, and how to see it', async () => {
    const { stdout } = await convo(['help', 'sobel'])
    const order = ['convo sobel in.png out.png', 'Usage:', 'Kernel', '-2   0   2', 'Source', 'I. Sobel']
    const places = [...order, 'Defaults', 'See it', 'Options of sobel'].map((w) => stdout.indexOf(w))
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect(places[0]).toBeGreaterThan(0)
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      'results of each kernel of sobel range from -4 to 4 times white',
    )
    expect(stdout).toContain('border  replicate')
    expect(stdout).toContain('\n  convo show sobel-x sobel-x.png\n')
  })
  it.each(
    Object.values(operations).flatMap((operation) =>
      pictureCommands(operation).map((line) => [line, operation.name] as const),
    ),
  )('%s, which the help of %s names, draws', async (line) => {
    const argv = line.split(' ').slice(1)
    const request = understand(argv, commands)
    expect(request.kind).toBe('run')
    if (argv[0] === 'show') await loadKernel(argv[1]!, { names: namedKernels })
    if (argv[0] === 'animate') expect(Object.keys(animations)).toContain(argv[1])
  })
  it.each([
    ['sharpen', 'from -4 to 5 times white'],
    ['emboss', 'from -4 to 5 times white'],
    ['gaussian', 'from 0 to 1 times white'],
    ['frei-chen', 'whatever the contrast'],
  ])('the gain of %s is %s', (name, text) => {
    const command = commands.find((one) => one.name === name)!
    expect(commandHelp(command, 100).replace(/\s+/g, ' ')).toContain(text)
  })
  it('is there for a command of two words', async () => {
    const { status, stdout } = await convo(['help', 'kernel', 'convert'])
    expect(status).toBe(0)
    expect(stdout).toContain('Usage: convo kernel convert <in> <out> [options]\n')
  })
  it.each(['kernel', 'report'])('is there for the first word of %s, which is no command', async (word) => {
    const whole = await convo([
      'help',
      ...commands.find(({ name }) => name.startsWith(`${word} `))!.name.split(' '),
    ])
    expect(await convo(['help', word])).toEqual(whole)
    expect(await convo([word, '--help'])).toEqual(whole)
    const brief = await convo([word, '-h'])
    expect([brief.status, whole.stdout.startsWith(brief.stdout.slice(0, 40))]).toEqual([0, true])
    expect(brief.stdout.length).toBeLessThan(whole.stdout.length)
  })
  it.each(commands.map((command) => [command.name, command] as const))(
    '%s has all its options',
    (_, command) => {
      const help = commandHelp(command, 80)
      for (const name of Object.keys(optionsOf(command)))
        expect(help).toMatch(new RegExp(`^  (-., )?--${name}\\b`, 'm'))
      expect(help.replace(/\s+/g, ' ')).toContain(usageOf(command))
      expect(help).not.toMatch(/undefined|\[object/)
    },
  )
  it.each(commands.flatMap((command) => command.examples.map((line) => [line, command] as const)))(
    'the example "%s" is understood',
    (line, command) => {
      // examples are lines of a shell: removes quotes, input from a pipe, and redirections
      const piped = line.replace(/^.*\| (?=convo )/, '')
      const words = piped.replace(/^eval "\$\((.*)\)"$/, '$1').replace(/ [<>] .*$/, '')
      const argv = [...words.matchAll(/"([^"]*)"|(\S+)/g)]
        .map(([, quoted, plain]) => quoted ?? plain!)
        .slice(1)
      const request = understand(argv, commands)
      expect(request).toMatchObject({ kind: 'run', command: { name: command.name } })
      const given = request.kind === 'run' ? request.given : {}
      for (const [name, param] of Object.entries(optionsOf(command))) {
        const typed = Object.hasOwn(given, name) ? { [name]: given[name] } : {}
        expect(() => resolve({ [name]: param }, typed)).not.toThrow()
      }
    },
  )
})

describe('the width of help', () => {
  const widest = (text: string) =>
    Math.max(
      ...text
        .split('\n')
        // terms, examples and usage lines are never wrapped
        .filter((line) => !/^ {2}\S|^Usage|^ {4}[-\d]/.test(line))
        .map((line) => line.length),
    )
  it.each([40, 60, 80, 100])('%i columns hold it', (width) => {
    expect(widest(overview(commands, width))).toBeLessThanOrEqual(width)
    for (const command of commands) expect(widest(commandHelp(command, width))).toBeLessThanOrEqual(width)
  })
})
