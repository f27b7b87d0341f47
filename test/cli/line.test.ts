import { describe, expect, it } from 'vitest'
import { flag, integer, text } from '../../src/params.ts'
import { plainLine, readWords } from '../../src/picture/words/line.ts'

const list = { ...text('', '<word>'), repeats: true }
const params = { quiet: flag(''), recursive: flag(''), kernel: text('', '<k>'), jobs: integer(''), tag: list }
const read = (line: string) => readWords(line.split(' '), params)

describe('the words of a line', () => {
  it.each([
    ['a b', ['a', 'b'], {}],
    ['a --kernel k b --quiet', ['a', 'b'], { kernel: 'k', quiet: true }],
    ['--kernel=k=l -j 2 a', ['a'], { kernel: 'k=l', jobs: '2' }],
    ['-kk -j2', [], { kernel: 'k', jobs: '2' }],
    ['-qr -qj 2', [], { quiet: true, recursive: true, jobs: '2' }],
    ['--kernel -1 -2 -.5 -', ['-2', '-.5', '-'], { kernel: '-1' }],
    ['--kernel -q', [], { kernel: '-q' }],
    ['--kernel= a', ['a'], { kernel: '' }],
    ['--tag a --tag=b', [], { tag: ['a', 'b'] }],
    ['--kernel k --kernel k', [], { kernel: 'k' }],
    ['a -- --quiet -k', ['a', '--quiet', '-k'], {}],
  ])('%s', (line, args, given) => {
    expect(read(line)).toEqual({ args, given, asksForHelp: false })
  })
  it.each(['-h', '--help', '-qh', '--odd -h'])('%s asks for help', (line) => {
    expect(read(line).asksForHelp).toBe(true)
  })
  it.each([
    ['--odd', '--odd'],
    ['--odd=2', '--odd=2'],
    ['-x', '-x'],
    ['-qx', '-x'],
    ['--quiet=1', '--quiet=1'],
    ['--constructor', '--constructor'],
    ['--no-quiet', '--no-quiet'],
    ['--kern k', '--kern'],
  ])('%s has the unknown option %s', (line, unknown) => {
    expect(read(`a ${line} --kernel k`)).toMatchObject({ unknown })
  })
  it.each([
    ['--kernel', '--kernel needs a value'],
    ['-q -k', '--kernel needs a value'],
    ['--kernel --quiet', '--kernel needs a value, but --quiet follows'],
    ['--kernel -- a', '--kernel needs a value, but -- follows'],
    ['-k a -k b', '--kernel was given twice, as a and b'],
  ])('%s: %s', (line, message) => {
    expect(() => read(line)).toThrow(message)
  })
})

describe('a plain line', () => {
  const argument = { name: 'a', summary: '', kind: 'file' as const }
  const all = { ...params, json: flag(''), verbose: flag('') }
  const command = {
    name: 'x',
    arguments: [argument, argument],
    options: [{ title: '', params: all }],
    examples: [],
  }
  it('is one that nothing is wrong with', () => {
    expect(plainLine(command, ['a', 'b', '-q'])).toEqual({ args: ['a', 'b'], given: { quiet: true } })
  })
  it.each(['a', 'a b c', 'a b -h', 'a b --odd', 'a b --kernel', 'a b --json --verbose'])(
    'is not %s',
    (line) => {
      expect(plainLine(command, line.split(' '))).toBeUndefined()
    },
  )
})
