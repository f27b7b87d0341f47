import { type Document, isScalar, LineCounter, type Node, parseDocument, visit } from 'yaml'
import { ConvoError } from '../error.ts'
import { type Place, placeText } from './located.ts'
import { isMissing, readText } from './read.ts'
import { type Schema, violations } from './schema.ts'

/** A parsed YAML or JSON file with its positions. */
export type Source = ReturnType<typeof readSource>

const most = 12

/**
 * Reads a YAML or JSON manifest that follows a schema.
 *
 * @param kind what it should be: `a valid batch`
 * @param needs what it must contain, for the error about an empty file
 * @throws ConvoError E_INPUT, E_MANIFEST with every complaint at file:line:column
 */
export function readValid(file: string, schema: Schema, kind: string, needs: string): Source {
  const source = readSource(file, needs)
  const wrong = violations(source.root, schema)
  if (wrong.length === 0) return source
  throw manifestError(
    `${file} is not ${kind}`,
    wrong.map(({ node, message }) => ({ place: source.placeOf(node), message })),
  )
}

/** Reads a YAML or JSON file with any contents. @throws ConvoError E_INPUT, E_MANIFEST with file:line:column */
export function readSource(file: string, needs: string) {
  const text = textOf(file)
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false })
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { file, line: Math.max(1, line), column: Math.max(1, col) }
  }
  const faults = [
    ...document.errors.map(({ pos, message }) => ({ at: pos[0], message })),
    ...repeatedKeys(document),
  ]
  if (faults.length > 0) {
    throw manifestError(
      `${file} is not valid YAML or JSON`,
      faults.map(({ at, message }) => ({ place: place(at), message })),
    )
  }
  if (document.contents === null) {
    throw manifestError(`${file} is empty`, [{ place: place(0), message: `it needs ${needs}` }])
  }
  return {
    text,
    root: document.contents as Node,
    document,
    placeOf: (node: Node | null | undefined) => place(node?.range?.[0] ?? 0),
  }
}

/** Finds repeated keys of maps. The parser's own check compares each key with all before it, which is slow. */
function repeatedKeys(document: Document.Parsed): { readonly at: number; readonly message: string }[] {
  const repeated: { at: number; message: string }[] = []
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<unknown>()
      for (const { key } of items) {
        if (!isScalar(key)) continue
        if (seen.has(key.value))
          repeated.push({ at: key.range?.[0] ?? 0, message: 'Map keys must be unique' })
        seen.add(key.value)
      }
    },
  })
  return repeated
}

/** The error of a manifest, with its complaints in the order of the file. */
export function manifestError(
  what: string,
  complaints: readonly { readonly place: Place; readonly message: string }[],
  fix?: string,
): ConvoError {
  const sorted = [...complaints].sort(
    (a, b) => a.place.line - b.place.line || a.place.column - b.place.column,
  )
  const why = sorted.slice(0, most).map(({ place, message }) => `${placeText(place)}: ${message}`)
  if (sorted.length > most) why.push(`and ${sorted.length - most} more`)
  return new ConvoError('E_MANIFEST', what, { why, ...(fix !== undefined && { fix }) })
}

function textOf(file: string): string {
  try {
    const text = readText(file, 'manifestBytes')
    if (!text.includes('\0')) return text
    throw new ConvoError('E_MANIFEST', `${file} is not a text file`, { fix: 'a YAML or JSON file' })
  } catch (cause) {
    if (isMissing(cause)) {
      throw new ConvoError('E_INPUT', `there is no manifest ${file}`, {
        ...(/[./]/.test(file)
          ? { fix: 'the path of a manifest; `convo help check` and `convo help batch` show examples' }
          : { why: 'cases are chosen with --filter', instead: [file, '--filter', file] }),
        cause,
      })
    }
    throw cause
  }
}
