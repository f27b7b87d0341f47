import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { root } from './pictures.ts'

/** An exported declaration, as the compiler prints it, and its docstring. */
type Declaration = { readonly name: string; readonly doc: string; readonly code: string }

/** The reference of what src/index.ts and src/matchers.ts export, in Markdown: docstrings, and signatures as the compiler writes them. */
export function apiReference(): string {
  const folder = mkdtempSync(join(tmpdir(), 'convo-types-'))
  try {
    declareInto(folder)
    return reference(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function declareInto(folder: string): void {
  const require = createRequire(import.meta.url)
  const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc')
  const words = [tsc, '-p', join(root, 'src/tsconfig.types.json'), '--outDir', folder]
  const { status, stdout } = spawnSync(process.execPath, words, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`tsc: ${stdout}`)
}

/** What an entry of the package exports, and where that is declared. */
function exportsOf(path: string): { name: string; from: string }[] {
  return [...readFileSync(path, 'utf8').matchAll(/export (type )?\{([^}]*)\} from '([^']*)'/g)].flatMap(
    ([, , names = '', from = '']) =>
      namesIn(names)
        .filter((name) => !name.includes(' as '))
        .map((name) => ({ name, from: from.replace(/\.ts$/, '.d.ts') })),
  )
}

/** The names of an import or export. */
const namesIn = (list: string): string[] =>
  list
    .split(',')
    .map((name) => name.trim().replace(/^type /, ''))
    .filter((name) => name !== '')

/** The options of single operations, which docs/options.md lists, and what has no use outside. */
const notListed = (methods: readonly Declaration[]): ReadonlySet<string> => {
  const { code } = methods.find(({ name }) => name === 'OperationOptions')!
  return new Set([
    ...[...code.matchAll(/: (\w+)/g)].map(([, name]) => name!),
    ...['OperationOptions', 'Methods', 'Buffer', 'Readable', 'Sharp'],
    ...['Panel', 'Sign', 'RecipePlan', 'PictureMeta'],
  ])
}

function reference(folder: string): string {
  const declared = (path: string) => declarationsOf(join(folder, path))
  // The functions of api.ts are operators with the engine filled in: what they compute is documented where they are written.
  const operators = readdirSync(join(folder, 'operators')).flatMap((file) =>
    declared(join('operators', file)),
  )
  const methodsPath = 'picture/api/methods.d.ts'
  const methods = declared(methodsPath)
  const described = ({ name, from }: { name: string; from: string }): Declaration & { from: string } => {
    const overloads = declared(from).filter((one) => one.name === name)
    const [found] = overloads
    if (found === undefined) throw new Error(`${from} declares no ${name}`)
    const inside = from.endsWith('api.d.ts') ? operators.filter((one) => one.name === name) : []
    const shown = found.code.includes(': typeof ') ? inside : overloads
    return { name, from, code: shown.map((one) => one.code).join('\n'), doc: inside[0]?.doc ?? found.doc }
  }
  const all = exportsOf(join(folder, 'index.d.ts')).map(described)
  const forTests = exportsOf(join(folder, 'matchers.d.ts')).map(({ name, from }) => {
    const [, other] =
      new RegExp(`export type \\{ ${name} \\} from '([^']*)'`).exec(
        readFileSync(join(folder, from), 'utf8'),
      ) ?? []
    return described({
      name,
      from: other === undefined ? from : join(dirname(from), other.replace(/\.ts$/, '.d.ts')),
    })
  })
  const left = notListed(methods)
  const further = usedBy(folder, [...all, ...forTests], left).map(described)
  const isType = ({ code }: Declaration) => /^(type|interface) /.test(code)
  const isFunction = ({ code }: Declaration) => /^function |^const \w+: \{\s*\(/.test(code)
  const sections = [
    ['Functions', all.filter(isFunction)],
    ['Classes', all.filter((one) => /^class /.test(one.code))],
    ['Values', all.filter((one) => one.code.startsWith('const ') && !isFunction(one))],
    ['Types', all.filter(isType)],
    ['In tests', forTests],
    ['Types within others', further],
  ] as const
  const lost = all.filter((one) => !sections.some(([, members]) => members.includes(one)))
  if (lost.length > 0) throw new Error(`of no known kind: ${lost.map(({ name }) => name).join(', ')}`)
  return `${[
    '# API reference',
    "Made from the docstrings by `npm run docs`. `import convo, { compare, Tensor, conv2d } from 'convo'`",
    'A chain starts with `convo(input)`. Every filter, operator and step is a method with the name of the command in camel ' +
      'case, and takes the options of the command as an object: `gaussian({ sigma: 2 })`, `depthwiseSeparable()`, ' +
      '`transposed({ stride: 2 })`. [Options](options.md) lists them; editors show each with its options, units, ranges ' +
      'and defaults. For an introduction see [Using convo from Node](library.md).',
    'The functions on tensors take pictures as [C,H,W] and volumes as [C,D,H,W], float32 in row-major order. No function changes its arguments. Functions ' +
      'that return a promise reject with a `ConvoError`, whose `code` is one of the [error codes](options.md#error-codes).',
    ...sections.flatMap(([title, members]) => [
      `## ${title}`,
      ...(title === 'In tests' ? ["`import { matchGolden, toMatchGolden } from 'convo/matchers'`"] : []),
      ...members.flatMap(({ name, doc, code }) => [`### ${name}`, `\`\`\`ts\n${code}\n\`\`\``, doc]),
    ]),
  ]
    .filter((part) => part !== '')
    .join('\n\n')}\n`
}

/**
 * The types that declarations use and the package does not export by name, those that these use, and those that those
 * use, sorted.
 *
 * @throws Error if two of them have the same name, since the reference describes one
 */
function usedBy(
  folder: string,
  known: readonly (Declaration & { from: string })[],
  left: ReadonlySet<string>,
): { name: string; from: string }[] {
  const found = new Map(known.map(({ name, from }) => [name, join(from)]))
  const queue = known.map((one) => ({ ...one, depth: 0 }))
  for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
    const { from, depth } = one
    const text = readFileSync(join(folder, from), 'utf8')
    const imports = [...text.matchAll(/import (?:type )?\{([^}]*)\} from '(\.[^']*)'/g)]
    for (const [name] of one.code
      .replaceAll(/\/\*[\s\S]*?\*\/|'[^']*'/g, '')
      .matchAll(/\b[A-Z]\w*[a-z]\w*/g)) {
      if (left.has(name)) continue
      const other = imports.find(([, names]) => namesIn(names!).includes(name))?.[2]
      const place = other === undefined ? from : join(dirname(from), other.replace(/\.ts$/, '.d.ts'))
      const declaration = declarationsOf(join(folder, place)).find((two) => two.name === name)
      if (declaration === undefined) continue
      const where = found.get(name)
      if (where === undefined) {
        found.set(name, join(place))
        if (depth < 2) queue.push({ ...declaration, from: place, depth: depth + 1 })
      } else if (where !== join(place)) throw new Error(`two types are called ${name}: ${where}, ${place}`)
    }
  }
  return [...found]
    .slice(known.length)
    .map(([name, from]) => ({ name, from }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** The declarations of a .d.ts file: each with the comment right above it, up to the end of its statement. */
function declarationsOf(path: string): Declaration[] {
  const lines = readFileSync(path, 'utf8').split('\n')
  return lines.flatMap((line, at) => {
    const match = /^(?:export )?(?:declare )?(?:function|const|class|type|interface) (\w+)/.exec(line)
    if (match === null) return []
    const end = lines.findIndex((other, i) => i >= at && /^(?:.*;|\})$/.test(other) && !/^\s/.test(other))
    const comment = lines.slice(lines.lastIndexOf('', at) + 1, at)
    const opens = comment.findLastIndex((other) => other.startsWith('/**'))
    const closes = comment.findLastIndex((other) => other.trimEnd().endsWith('*/'))
    const doc = opens >= 0 && closes === comment.length - 1 ? comment.slice(opens) : []
    const code = lines.slice(at, end + 1).join('\n')
    return [{ name: match[1]!, doc: proseOf(doc), code: tidy(code) }]
  })
}

/** A declaration as one would write it: names without where they come from, arrows as functions. */
function tidy(code: string): string {
  return code
    .replace(/^(export )?(declare )?/, '')
    .replaceAll(/import\("[^"]*"\)\./g, '')
    .replaceAll(/\b(?:conv2|conv3|depth|depthSeparable|involution|point|spatial|transposed)\./g, '')
    .replaceAll(/(\?: [\w.]+) \| undefined\b/g, '$1')
    .replaceAll(/(\?: .*) \| undefined;$/gm, '$1;')
    .replace(
      /^const (\w+): (<.*>)?\(([\s\S]*?)\) => ((?:Promise<|AsyncGenerator<|\{)[\s\S]*|\w+);$/,
      'function $1$2($3): $4',
    )
    .replace(/;$/, '')
    .replaceAll(/;$/gm, '')
    .replaceAll(/^( {4})+/gm, (indent) => ' '.repeat(indent.length / 2))
}

/** A docstring as Markdown. */
function proseOf(comment: readonly string[]): string {
  const text = comment
    .map((line) =>
      line
        .replace(/^\/\*\*\s?/, '')
        .replace(/\s*\*\/$/, '')
        .replace(/^ \* ?/, ''),
    )
    .join('\n')
    .trim()
  return text
    .replaceAll(/\s@returns /g, '\n\n**Returns** ')
    .replaceAll(/\s@throws /g, '\n\n**Throws** ')
    .replaceAll(/\s@param (\w+) /g, '\n\n`$1`: ')
    .replaceAll(/\n{3,}/g, '\n\n')
}
