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
      names
        .split(',')
        .map((name) => name.trim().replace(/^type /, ''))
        .filter((name) => name !== '' && !name.includes(' as '))
        .map((name) => ({ name, from: from.replace(/\.ts$/, '.d.ts') })),
  )
}

function reference(folder: string): string {
  // The functions of api.ts are operators with the engine filled in: what they compute is documented where they are written.
  const operators = readdirSync(join(folder, 'operators')).flatMap((file) =>
    declarationsOf(join(folder, 'operators', file)),
  )
  const described = ({ name, from }: { name: string; from: string }) => {
    const overloads = declarationsOf(join(folder, from)).filter((one) => one.name === name)
    const [found] = overloads
    if (found === undefined) throw new Error(`${from} declares no ${name}`)
    const inside = from.endsWith('api.d.ts') ? operators.find((one) => one.name === name) : undefined
    const code = overloads.map((one) => one.code).join('\n')
    return { name, code, doc: inside?.doc ?? found.doc }
  }
  const all = exportsOf(join(folder, 'index.d.ts')).map(described)
  const forTests = exportsOf(join(folder, 'matchers.d.ts')).map(({ name, from }) => {
    const [, other] =
      new RegExp(`export type \\{ ${name} \\} from '([^']*)'`).exec(
        readFileSync(join(folder, from), 'utf8'),
      ) ?? []
    const place = other === undefined ? from : join(dirname(from), other.replace(/\.ts$/, '.d.ts'))
    return described({ name, from: place })
  })
  const isType = ({ code }: Declaration) => code.startsWith('type ')
  const isFunction = ({ code }: Declaration) => /^function |^const \w+: \{\s*\(/.test(code)
  const sections = [
    ['Functions', all.filter(isFunction)],
    ['Classes', all.filter((one) => /^class /.test(one.code))],
    ['Values', all.filter((one) => one.code.startsWith('const ') && !isFunction(one))],
    ['Types', all.filter(isType)],
    ['In tests', forTests],
  ] as const
  const lost = all.filter((one) => !sections.some(([, members]) => members.includes(one)))
  if (lost.length > 0) throw new Error(`of no known kind: ${lost.map(({ name }) => name).join(', ')}`)
  return `${[
    '# API reference',
    "Made from the docstrings by `npm run docs`. `import convo, { compare, Tensor, conv2d } from 'convo'`",
    'A chain starts with `convo(input)`. Every filter, operator and step is a method of it, named as on the command line ' +
      'in camel case, with the options of the command as an object: `gaussian({ sigma: 2 })`, `depthwiseSeparable()`, ' +
      '`transposed({ stride: 2 })`. [Options](options.md) lists them; editors show each with its options, units, ranges ' +
      'and defaults. For an introduction see [Using convo from Node](library.md).',
    'For the functions on tensors a picture is a tensor [C,H,W], a volume [C,D,H,W]: float32, row-major. No function changes its arguments. Functions ' +
      'that return a promise reject with a `ConvoError`, whose `code` is one of the [error codes](options.md#error-codes).',
    ...sections.flatMap(([title, members]) => [
      `## ${title}`,
      ...(title === 'In tests' ? ["`import { matchGolden, toMatchGolden } from 'convo/matchers'`"] : []),
      ...members.flatMap(({ name, doc, code }) => [`### ${name}`, `\`\`\`ts\n${code}\n\`\`\``, doc]),
    ]),
  ].join('\n\n')}\n`
}

/** The exported declarations of a .d.ts file: each with the comment right above it, up to the end of its statement. */
function declarationsOf(path: string): Declaration[] {
  const lines = readFileSync(path, 'utf8').split('\n')
  return lines.flatMap((line, at) => {
    const match = /^export (?:declare )?(?:function|const|class|type|interface) (\w+)/.exec(line)
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
    .replace(/^export (declare )?/, '')
    .replaceAll(/import\("[^"]*"\)\./g, '')
    .replaceAll(/\b(?:conv2|conv3|depth|depthSeparable|involution|point|spatial|transposed)\./g, '')
    .replaceAll(/(\?: [\w.]+) \| undefined\b/g, '$1')
    .replaceAll(/(\?: .*) \| undefined;$/gm, '$1;')
    .replace(/^const (\w+): \((.*)\) => (.*);$/, 'function $1($2): $3')
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
