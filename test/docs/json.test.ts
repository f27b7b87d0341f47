import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../docs/parts/pictures.ts'
import { convo, scratch } from '../cli/convo.ts'

// docs/options.md names the types of the API reference that explain what --json prints.

const reference = readFileSync(join(root, 'docs/api.md'), 'utf8')

/** Returns the fields of a type in the reference, each with whether it may be absent. */
function fieldsOf(type: string): (readonly [name: string, isOptional: boolean])[] {
  const section = reference.split(/^### /m).find((text) => text.startsWith(`${type}\n`))
  if (section === undefined) throw new Error(`the reference has no type ${type}`)
  return [...section.matchAll(/^ {2}readonly (\w+)(\??): (.*)/gm)].map(([, name = '', mark, of = '']) => [
    name,
    mark === '?' || of.endsWith('| undefined'),
  ])
}

const here = scratch('alpha.png', 'gray16.png')
beforeAll(() => {
  for (const name of ['a', 'b']) mkdirSync(here.path(name))
  cpSync(here.path('alpha.png'), here.path('a/p.png'))
  cpSync(here.path('gray16.png'), here.path('b/p.png'))
  cpSync(join(root, 'samples/networks/denoise.safetensors'), here.path('net.safetensors'))
  const manifest = 'goldens: goldens\ncases:\n  - name: one\n    input: gray16.png\n    run: sobel\n'
  writeFileSync(here.path('convo.check.yaml'), manifest)
})

/** Returns the objects that a command prints. */
async function printed(line: string): Promise<Record<string, unknown>[]> {
  const { stdout } = await convo(line.split(' '), { cwd: here.path() })
  const texts = /^[{[]\n/.test(stdout) ? [stdout] : stdout.trim().split('\n')
  return texts.flatMap((text) => JSON.parse(text))
}

type Case = readonly [line: string, types: readonly string[], more?: string, at?: string]
const cases: readonly Case[] = [
  ['sobel alpha.png out.png --json', ['Report']],
  ['sobel alpha.png out.png --json', ['PictureFacts'], 'bytes', 'output'],
  ['sobel alpha.png out.png --json', ['Clipping'], '', 'clipped'],
  ['sobel alpha.png in.png --dry-run --json', ['DryRun']],
  ['sobel alpha.png in.png --dry-run --json', ['Memory'], '', 'memory'],
  ['batch alpha.png -o x/{stem}.png --json -- sobel', ['StartEntry']],
  ['batch alpha.png -o x/{stem}.png --json --force -- sobel', ['ItemEntry'], '', '1'],
  ['batch alpha.png -o x/{stem}.png --json -- sobel', ['EndEntry', 'BatchCounts'], '', '2'],
  ['compare alpha.png gray16.png --json', ['FileComparison'], 'expected actual'],
  ['compare alpha.png gray16.png --json', ['Comparison'], 'page', 'pages'],
  ['compare a b --json', ['Run']],
  ['check --reporter json', ['Run']],
  ['check --reporter json', ['CaseResult'], '', 'cases'],
  // notes go to standard error
  ['digest alpha.png --json', ['FileDigest', 'Digest', 'Shape'], '-notes'],
  ['digest alpha.png gray16.png --json', ['FileDigest', 'Digest', 'Shape'], '-notes'],
  ['explain sobel alpha.png --json', ['FilterExplanation', 'Described', 'Explained']],
  ['explain median alpha.png --json', ['Described', 'Arithmetic', 'ReceptiveField', 'Explained']],
  ['explain conv2d --input 3x9x9 --json', ['Explanation', 'Arithmetic', 'LayerArithmetic', 'Explained']],
  ['net info net.safetensors --json', ['ModelFacts']],
  ['net info net.safetensors --json', ['NodeFacts'], '', 'nodes'],
]

describe.each(cases.map((one) => [one]))('--json', ([line, types, more = '', at = '0']) => {
  it(`convo ${line} prints the fields of ${types.join(', ')}`, async () => {
    const objects = await printed(line)
    const found = /^\d$/.test(at) ? objects[Number(at)] : [objects[0]![at]].flat()[0]
    const fields = types.flatMap(fieldsOf)
    const names = new Set(fields.map(([name]) => name))
    const needed = new Set(fields.flatMap(([name, isOptional]) => (isOptional ? [] : [name])))
    for (const word of more.split(' ')) {
      if (word.startsWith('-')) needed.delete(word.slice(1))
      else if (word !== '') needed.add(word)
    }
    const keys = Object.keys(found as object)
    expect(
      keys.filter((key) => !names.has(key) && !needed.has(key)),
      'printed, not described',
    ).toEqual([])
    expect(
      [...needed].filter((key) => !keys.includes(key)),
      'described, not printed',
    ).toEqual([])
  })
})
