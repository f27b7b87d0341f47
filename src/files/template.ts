import { basename, dirname, extname, normalize, sep } from 'node:path'
import { ConvoError, nearest } from '../error.ts'
import { limits } from '../limits.ts'
import { cut } from '../text/cut.ts'
import { leaves } from './root.ts'

const templateKeys = {
  path: 'path of the input, as given',
  rel: 'its folder, relative to the given folder or the fixed part of the glob',
  dir: 'its folder, as given',
  stem: 'file name without extension',
  ext: 'extension, without the dot',
  index:
    'number of the input among all inputs, or of the page or map in its input, from 1; {index:04} has at least four digits',
  hash: 'SHA-256 of the input; {hash:8} is its first eight digits',
  op: 'name of the operation',
  shard: 'number of the shard, such as 2-of-8',
  platform: 'the operating system: linux, darwin, win32',
  env: 'an environment variable: {env:NAME}',
} as const

type Key = keyof typeof templateKeys

export type TemplateValues = Readonly<Partial<Record<Exclude<Key, 'index'>, string>>> & {
  readonly index?: number
}

const uses = {
  output: {
    option: '--output',
    of: 'outputs',
    keys: ['path', 'rel', 'dir', 'stem', 'ext', 'index', 'hash', 'op'],
  },
  name: {
    option: 'name',
    of: 'names of cases',
    keys: ['path', 'rel', 'dir', 'stem', 'ext', 'index', 'hash', 'op'],
  },
  log: { option: '--log', of: 'logs', keys: ['shard'] },
  'failed-list': { option: '--failed-list', of: 'lists of failures', keys: ['shard'] },
  report: { option: '--output', of: 'reports', keys: [] },
  reporter: { option: '--reporter', of: 'reports', keys: ['shard'] },
  goldens: { option: 'goldens', of: 'folders of goldens', keys: ['platform', 'env'] },
} as const satisfies Record<string, { option: string; of: string; keys: readonly Key[] }>

type Use = keyof typeof uses

export const outputKeys: readonly (readonly [key: string, summary: string])[] = uses.output.keys.map(
  (key) => [key, templateKeys[key]],
)

type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'key'; readonly key: Key; readonly digits: number | undefined; readonly name?: string }

export type Template = ReturnType<typeof parseTemplate>

/**
 * Parses a template such as `out/{rel}/{stem}.png`. `{{` and `}}` are literal braces. `root` is the folder that contains
 * every output: the part before the first key.
 *
 * @throws ConvoError E_NAME for an unknown key, E_OPTION for an invalid template
 */
export function parseTemplate(text: string, use: Use = 'output') {
  const parts: Part[] = []
  let plain = ''
  const flush = () => {
    if (plain !== '') parts.push({ kind: 'text', text: plain })
    plain = ''
  }
  for (let i = 0; i < text.length; i++) {
    const two = text.slice(i, i + 2)
    if (two === '{{' || two === '}}') {
      plain += text[i]
      i++
    } else if (text[i] === '{') {
      const end = text.indexOf('}', i)
      if (end < 0) throw wrong(use, text, i, 'the brace is not closed', undefined, closed(use, text, i))
      flush()
      parts.push(parseKey(use, text, i, text.slice(i + 1, end)))
      i = end
    } else if (text[i] === '}') {
      throw wrong(use, text, i, 'a closing brace has no opening brace', undefined, doubled(text, i))
    } else plain += text[i]
  }
  flush()
  return { text, use, parts, root: rootOf(parts), needsHash: hasKey(parts, 'hash') }
}

const doubled = (text: string, at: number) => text.slice(0, at) + text[at] + text.slice(at)

function closed(use: Use, text: string, at: number): string {
  const rest = text.slice(at + 1)
  const key = uses[use].keys.find((one) => rest.startsWith(one))
  return key === undefined ? doubled(text, at) : `${text.slice(0, at + 1)}${key}}${rest.slice(key.length)}`
}

/** Whether a template uses a key. */
export const hasKey = (parts: readonly Part[], key: Key): boolean =>
  parts.some((part) => part.kind === 'key' && part.key === key)

function parseKey(use: Use, text: string, at: number, inside: string): Part {
  const [, name = '', digits] = /^([^:]*)(?::(.*))?$/s.exec(inside) ?? []
  const names: readonly Key[] = uses[use].keys
  const key = names.find((one) => one === name)
  if (key === undefined) {
    const guess = nearest(cut(name, 20), names)
    throw new ConvoError('E_NAME', `there is no key {${cut(name, 40)}} for ${uses[use].of}`, {
      why: [
        `${cut(text)}: character ${at + 1}`,
        `keys: ${names.map((one) => `{${one}}`).join(' ') || 'none'}`,
      ],
      instead: [
        text,
        guess === undefined
          ? text.replace(`{${inside}}`, `{{${inside}}}`)
          : text.replace(`{${name}`, `{${guess}`),
      ],
    })
  }
  if (key === 'env') {
    if (digits === undefined || !/^\w+$/.test(digits))
      throw wrong(use, text, at, '{env} takes the name of a variable', '{env:NAME}')
    return { kind: 'key', key, digits: undefined, name: digits }
  }
  if (digits === undefined) return { kind: 'key', key, digits: undefined }
  if (key !== 'index' && key !== 'hash') throw wrong(use, text, at, `{${key}} takes no format`, `{${key}}`)
  const most = key === 'index' ? limits.indexDigits.most : limits.hashDigits.most
  const count = /^\d+$/.test(digits) ? Number(digits) : Number.NaN
  if (!(count >= 1 && count <= most)) {
    const example = key === 'index' ? '{index:04}' : '{hash:8}'
    const got = cut(digits, 20)
    throw wrong(use, text, at, `{${key}} takes a number of digits from 1 to ${most}, got "${got}"`, example)
  }
  return { kind: 'key', key, digits: count }
}

const wrong = (use: Use, text: string, at: number, why: string, fix?: string, meant?: string): ConvoError =>
  new ConvoError('E_OPTION', `${uses[use].option} is not a template, got "${cut(text)}"`, {
    why: `${cut(text)}: character ${at + 1}: ${why}`,
    fix,
    instead: [text, meant],
  })

function rootOf(parts: readonly Part[]): string {
  const [first] = parts
  if (first?.kind !== 'text') return '.'
  if (parts.length === 1) return dirname(first.text)
  const end = Math.max(first.text.lastIndexOf('/'), first.text.lastIndexOf(sep))
  return end < 0 ? '.' : normalize(first.text.slice(0, end + 1)).replace(/(?<=.)[/\\]$/, '')
}

/**
 * Returns the output path for an input.
 *
 * @throws ConvoError E_OUTPUT if `..` in the input's path would lead out of the template's folder
 */
export function expandTemplate(template: Template, values: TemplateValues): string {
  const output = normalize(fillTemplate(template, values))
  if (template.root !== '.' && leaves(template.root, output)) {
    throw new ConvoError('E_OUTPUT', `the output ${output} would be outside ${template.root}`, {
      why: `${values.path} with the template ${template.text}`,
      fix: 'a template with {rel}',
    })
  }
  return output
}

/** Returns the text of a template with its keys filled in. @throws ConvoError E_OPTION for a key without a value */
export function fillTemplate({ parts, text, use }: Template, values: TemplateValues): string {
  let path = ''
  for (const part of parts) {
    if (part.kind === 'key') {
      const filled = keyText(values, part.key, part.digits)
      if (filled === undefined) {
        const why = `{${part.key}} needs an input with a name, but this one is standard input`
        const at = text.indexOf(`{${part.key}`)
        throw wrong(use, text, at, why, 'a name without it, or an input from a file')
      }
      path += filled
      continue
    }
    // An empty {rel} also removes the slash after it, so that the path does not become absolute.
    const isDoubled = (path === '' && part !== parts[0]) || path.endsWith('/')
    path += isDoubled ? part.text.replace(/^\/+/, '') : part.text
  }
  return path
}

function keyText(values: TemplateValues, key: Key, digits: number | undefined): string | undefined {
  if (key === 'index')
    return values.index === undefined ? undefined : String(values.index).padStart(digits ?? 1, '0')
  if (key === 'hash') return values.hash?.slice(0, digits)
  return values[key]
}

/**
 * Returns the text of a template with `{platform}` and `{env:NAME}` filled in.
 *
 * @throws ConvoError E_OPTION for a variable that is not set or is not a single folder name
 */
export const fillFromMachine = (
  { parts, text, use }: Template,
  env: Readonly<Record<string, string | undefined>>,
): string =>
  parts
    .map((part) => {
      if (part.kind === 'text') return part.text
      if (part.name === undefined) return process.platform
      const value = env[part.name]
      const at = text.indexOf('{env')
      if (value === undefined || value === '')
        throw wrong(use, text, at, `the variable ${part.name} is not set`, `${part.name}=<name> convo check`)
      if (new RegExp(`^${oneName}$`).test(value)) return value
      const why = `${part.name} is ${JSON.stringify(cut(value))}`
      throw wrong(use, text, at, why, 'a name of letters, digits, . _ -')
    })
    .join('')

const oneName = '[\\w-][\\w.-]*'

/** Whether a text could result from a template with `{platform}` and `{env:NAME}` on some machine. */
export function fitsSomeMachine({ parts }: Template, text: string): boolean {
  const pattern = parts.map((part) =>
    part.kind === 'text' ? part.text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&') : oneName,
  )
  return new RegExp(`^${pattern.join('')}$`).test(text)
}

export const fileValues = (path: string, rel = '') =>
  ({
    path,
    rel,
    dir: dirname(path),
    stem: basename(path, extname(path)),
    ext: extname(path).slice(1),
  }) satisfies TemplateValues
