import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { filters, stepFilters } from '../../src/filters/table.ts'
import { operators } from '../../src/operators/index.ts'
import { materials } from '../../src/teach/operators/index.ts'

// An operator is one file. No other source file mentions its name, except for the two tables and its teaching file. A
// filter is an entry of a table in its room, and no file outside the room mentions it.

const src = new URL('../../src/', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, src), 'utf8')

// the types of the library's methods are generated from the table
const tables = ['operators/index.ts', 'teach/operators/index.ts', 'picture/api/methods.ts']
const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.m?ts$/.test(path) && !tables.includes(path))
  .sort()

/** The text of source files without their comments. */
const code = new Map(
  files.map((path) => [path, read(path).replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '')] as const),
)

/** The entries in the table of operators: the identifier and the file of each name. */
const records = new Map(
  Object.keys(operators).map((name) => {
    const table = read(tables[0]!)
    const identifier = new RegExp(`^  '?${name}'?: (\\w+),$`, 'm').exec(table)?.[1] ?? ''
    const file = new RegExp(`import \\{[^}]*\\b${identifier}\\b[^}]*\\} from './([^']+)'`).exec(table)?.[1]
    return [name, { identifier, file: `operators/${file}` }] as const
  }),
)

/**
 * Returns a pattern for a name in quotes, as a key or method, or after a dot. Names of steps are everyday words, so
 * only quotes count.
 */
function known(name: string): RegExp {
  const quoted = `(['"\`])${name}\\1`
  if (operators[name]!.group === 'steps') return new RegExp(quoted)
  return new RegExp(
    `${quoted}|(?:^|[{,(]) *${name}\\??:|^ +(?:async )?${name}\\(.*\\{$|\\.${name}\\b(?!\\.)`,
    'm',
  )
}

/** Where a word is not the name of the operator. */
const others: readonly (readonly [names: string, files: RegExp, reason: string])[] = [
  ['conv2d conv3d', /^api\.ts$/, 'functions of the library'],
  [
    'conv2d conv3d pointwise separable depthwise depthwise-separable grouped dilated transposed maxpool unpool avgpool involution threshold',
    /^picture\/words\/hints\.ts$/,
    'what the words of other tools mean',
  ],
  ['conv3d', /^operators\/bank\.ts$/, 'where an error says that a kernel of rank 5 would fit'],
  ['depthwise pointwise', /operators\/depthwise-separable\.ts$/, 'its two steps'],
  [
    'separable',
    /^(conv|definition|filters|run)\/|^(cli\/kernel-text|operators\/bank|picture\/settings|teach\/explain\/explain)\.ts$/,
    'a form of plane kernels, and the arithmetic for them',
  ],
  [
    'relu',
    /^(definition\/layers|run\/graph-part|operators\/pointwise|teach\/operators\/involution)\.ts$/,
    'an activation',
  ],
  [
    'relu leakyrelu prelu clip sigmoid tanh gelu silu',
    /^(definition|graph|net|run)\//,
    'a function of samples, and a layer of the engine',
  ],
  ['threshold add concat softmax argmax', /^(definition|graph|net|run)\//, 'a layer of the engine'],
  [
    'keep',
    /^(image\/(decode|header|metadata)|picture\/(array|settings)|teach\/explain\/explain)\.ts$/,
    'the option --metadata',
  ],
  ['add', /^(batch\/watch|operators\/separable)\.ts$/, 'a new file; the layer of the engine'],
  ['pointwise depthwise threshold', /^net\/(formats|architectures)\//, 'words of other formats'],
  ['normalize', /^(operators|picture)\//, 'the option --normalize'],
]

/** Where a word is not the name of the filter. Names of filters are everyday words, so only quotes count. */
const otherFilters: typeof others = [
  ['.*', /^picture\/words\/hints\.ts$/, 'what the words of other tools mean'],
  [
    'sobel|gaussian|sharpen',
    /^(cli\/commands\/(batch|kernel)|picture\/operations|picture\/words\/(steps|understand))\.ts$/,
    'an example to type',
  ],
  ['sobel|gaussian|box', /^operators\/conv3d\.ts$/, 'its named kernels'],
  ['box', /^(conv|definition|run)\/|^teach\/explain\/seen\.ts$/, 'an algorithm'],
  ['unsharp', /^(conv|definition|graph|run)\//, 'a way to combine sums'],
  ['bilateral', /^operators\/involution\.ts$/, 'how it computes kernels'],
  ['log', /^(batch\/(batch|manifest|plan)|cli\/commands\/batch)\.ts$/, 'the option --log'],
  ['log', /^net\/(single|reduced)\.ts$/, 'the logarithm'],
  ['line', /^teach\/draw\/svg\.ts$/, 'an element of SVG'],
  ['open|close', /^(files\/output|golden\/review|image\/apart|net\/read)\.ts$/, 'a state, an event'],
  ['pad', /^image\/compare\//, 'a rule for sizes that differ'],
  ['pad', /^teach\//, 'the mark of padding'],
  ['crop|pad|resize', /^operators\/net-steps\.ts$/, 'what an error says would make two results fit'],
]

describe('a filter is known by name in its room only', () => {
  const names = [...Object.keys(filters), ...Object.keys(stepFilters)]
  const quoted = (name: string) => new RegExp(`(['"\`])${name}\\1`)
  const outside = files.filter((path) => !path.startsWith('filters/'))
  it.each(names)('%s', (name) => {
    const excused = otherFilters.filter(([words]) => new RegExp(`^(${words})$`).test(name))
    const odd = outside.filter(
      (path) => quoted(name).test(code.get(path)!) && !excused.some(([, where]) => where.test(path)),
    )
    expect(odd).toEqual([])
  })

  it('makes no exception that nothing needs', () => {
    for (const [words, where, reason] of otherFilters) {
      const isNeeded = (name: string) =>
        outside.some((path) => where.test(path) && quoted(name).test(code.get(path)!))
      const own = names.filter((name) => new RegExp(`^(${words})$`).test(name))
      expect(words === '.*' ? own.some(isNeeded) : own.every(isNeeded), reason).toBe(true)
    }
  })
})

describe('an operator is known by name in its own file, its teaching file and the tables', () => {
  it.each([...records])('%s', (name, { identifier, file }) => {
    expect(files).toContain(file)
    const own = [file, `teach/operators/${name}.ts`]
    const excused = others.filter(([names]) => names.split(' ').includes(name))
    const odd = files.filter((path) => {
      const text = code.get(path)!
      if (own.includes(path)) return false
      if (new RegExp(`\\b${identifier}\\b`).test(text)) return true
      return known(name).test(text) && !excused.some(([, where]) => where.test(path))
    })
    expect(odd).toEqual([])
  })

  it('makes no exception that nothing needs', () => {
    for (const [names, where, reason] of others) {
      for (const name of names.split(' ')) {
        const needed = files.some((path) => where.test(path) && known(name).test(code.get(path)!))
        expect(needed, `${name}: ${reason}`).toBe(true)
      }
    }
  })

  it('every operator that is listed with animations or a layer has its teaching file', () => {
    const taught = Object.keys(operators).filter(
      (name) => operators[name]!.layer ?? operators[name]!.animations,
    )
    expect(Object.keys(materials)).toEqual(taught)
  })

  it.each(Object.keys(materials))('%s shows the animations that it lists', async (name) => {
    const { teaching } = await materials[name]!()
    expect(Object.keys(teaching.animations)).toEqual(Object.keys(operators[name]!.animations ?? {}))
  })
})
