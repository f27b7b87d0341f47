import { dirname, isAbsolute, normalize, relative, sep } from 'node:path'
import { ConvoError, nearest } from '../../error.ts'

/** What the keys of an output template stand for, for one input. */
export type TemplateValues = {
  /** The input as given. */
  readonly path: string
  /** Its folder, from the folder or the fixed part of the glob that it came from; empty at the top. */
  readonly rel: string
  /** Its folder as given. */
  readonly dir: string
  /** Its name without the extension. */
  readonly stem: string
  /** Its extension, without the dot. */
  readonly ext: string
  /** Its place among all inputs, sorted by path, counted from 1; the same in every shard. */
  readonly index: number
  /** SHA-256 of its bytes, in hex. */
  readonly hash: string
  /** The name of the operation. */
  readonly op: string
}

/** The keys of a template with what they stand for. */
export const templateKeys: Readonly<Record<keyof TemplateValues, string>> = {
  path: 'the input as given',
  rel: 'its folder, from the folder or the fixed part of the glob that it came from',
  dir: 'its folder as given',
  stem: 'its name without the extension',
  ext: 'its extension, without the dot',
  index: 'its place among all inputs, from 1; {index:04} has four digits at least',
  hash: 'SHA-256 of its bytes; {hash:8} is the first eight digits',
  op: 'the name of the operation',
}

type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'key'; readonly key: keyof TemplateValues; readonly digits: number | undefined }

/** An output template, understood. */
export type Template = {
  readonly text: string
  readonly parts: readonly Part[]
  /** The folder that every output lies in: what stands before the first key. */
  readonly root: string
  /** Whether it asks for the content of the inputs. */
  readonly needsHash: boolean
}

/**
 * Understands `out/{rel}/{stem}.png`. `{{` and `}}` are braces.
 *
 * @throws ConvoError E_NAME for a key that there is none of, E_OPTION for what is not written as a template
 */
export function parseTemplate(text: string): Template {
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
      if (end < 0) throw wrong(text, i, 'the brace is not closed', `${text}}`)
      flush()
      parts.push(parseKey(text, i, text.slice(i + 1, end)))
      i = end
    } else if (text[i] === '}') {
      throw wrong(text, i, 'a brace closes that was not opened', '}} for a brace in a name')
    } else plain += text[i]
  }
  flush()
  const needsHash = parts.some((part) => part.kind === 'key' && part.key === 'hash')
  return { text, parts, root: rootOf(parts), needsHash }
}

function parseKey(text: string, at: number, inside: string): Part {
  const [, name = '', digits] = /^([^:]*)(?::(.*))?$/s.exec(inside) ?? []
  const names = Object.keys(templateKeys)
  if (!Object.hasOwn(templateKeys, name)) {
    const guess = nearest(name, names)
    throw new ConvoError('E_NAME', `there is no key {${name}} for outputs`, {
      why: [`${text}: character ${at + 1}`, `keys: ${names.map((key) => `{${key}}`).join(' ')}`],
      ...(guess === undefined
        ? { fix: '{{ and }} for braces in a name' }
        : { instead: [text, text.replace(`{${name}`, `{${guess}`)] as const }),
    })
  }
  const key = name as keyof TemplateValues
  if (digits === undefined) return { kind: 'key', key, digits: undefined }
  if (key !== 'index' && key !== 'hash') throw wrong(text, at, `{${key}} takes no format`, `{${key}}`)
  const most = key === 'index' ? 15 : 64
  const count = /^\d+$/.test(digits) ? Number(digits) : Number.NaN
  if (!(count >= 1 && count <= most)) {
    const example = key === 'index' ? '{index:04}' : '{hash:8}'
    throw wrong(text, at, `{${key}} takes a number of digits from 1 to ${most}, got "${digits}"`, example)
  }
  return { kind: 'key', key, digits: count }
}

const wrong = (text: string, at: number, why: string, fix: string): ConvoError =>
  new ConvoError('E_OPTION', `--output is not a template, got "${text}"`, {
    why: `${text}: character ${at + 1}: ${why}`,
    fix,
  })

function rootOf(parts: readonly Part[]): string {
  const [first] = parts
  if (first?.kind !== 'text') return '.'
  if (parts.length === 1) return dirname(first.text)
  const end = Math.max(first.text.lastIndexOf('/'), first.text.lastIndexOf(sep))
  return end < 0 ? '.' : normalize(first.text.slice(0, end + 1)).replace(/(?<=.)[/\\]$/, '')
}

/**
 * The output for an input.
 *
 * @throws ConvoError E_OUTPUT where `..` in the input's path would lead out of the template's folder
 */
export function expandTemplate(template: Template, values: TemplateValues): string {
  let path = ''
  for (const part of template.parts) {
    if (part.kind === 'key') {
      path += keyText(values, part.key, part.digits)
      continue
    }
    // An empty {rel} takes the slash behind it along: what follows must not become absolute.
    const isDoubled = (path === '' && part !== template.parts[0]) || path.endsWith('/')
    path += isDoubled ? part.text.replace(/^\/+/, '') : part.text
  }
  const output = normalize(path)
  if (template.root !== '.' && leaves(template.root, output)) {
    throw new ConvoError('E_OUTPUT', `the output ${output} would lie outside of ${template.root}`, {
      why: `${values.path} with the template ${template.text}`,
      fix: 'a template with {rel}',
    })
  }
  return output
}

function keyText(values: TemplateValues, key: keyof TemplateValues, digits: number | undefined): string {
  if (key === 'index') return String(values.index).padStart(digits ?? 1, '0')
  if (key === 'hash') return values.hash.slice(0, digits)
  return values[key]
}

/** Whether a path does not lie in a folder. */
export function leaves(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)
}
