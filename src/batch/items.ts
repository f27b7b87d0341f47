import { basename, dirname, relative } from 'node:path'
import { ConvoError } from '../error.ts'
import { noteRead } from '../files/reads.ts'
import { placeFinder, statOf } from '../files/root.ts'
import { expandTemplate, fileValues, hasKey, type Template } from '../files/template.ts'
import type { Input } from '../picture/find.ts'
import { inFolder } from './options.ts'

export type Item = Awaited<ReturnType<typeof makeItem>>

/** What items are made of. */
export type Making = {
  readonly template: Template
  readonly operation: string
  readonly inPlace: boolean
  /** SHA-256 of an input, for templates that need it. */
  hashOf(path: string): Promise<string>
}

/**
 * Returns the items of all inputs, in order.
 *
 * @throws ConvoError E_USAGE for two inputs with one output, both named; E_IN_PLACE for an output that is an input
 */
export async function makeItems(inputs: readonly Input[], making: Making): Promise<Item[]> {
  const items: Item[] = []
  for (const [i, input] of inputs.entries()) items.push(await makeItem(input, i + 1, making))
  refuseCollisions(items, making.template)
  refuseInputs(items, making.inPlace)
  return items
}

/** Returns the item of an input. `name` is that in the state. */
export async function makeItem({ path, rel }: Input, index: number, making: Making) {
  const { template, operation } = making
  const stat = statOf(path)
  const output = expandTemplate(template, {
    ...fileValues(path, rel),
    index,
    // an input that cannot be read has no hash; its error is reported in its turn
    hash: template.needsHash && stat?.isFile() ? await making.hashOf(path) : '0'.repeat(64),
    op: operation,
  })
  const bytes = Number(stat?.size ?? 0)
  return { input: path, rel, output, name: relative(template.root, output), bytes, stat }
}

const mostNamed = 5

function refuseCollisions(items: readonly Item[], template: Template): void {
  const places = placeFinder()
  const byPlace = new Map<string, Item>()
  const pairs: [Item, Item][] = []
  for (const item of items) {
    const place = places(item.output)
    const before = byPlace.get(place)
    if (before === undefined) byPlace.set(place, item)
    else pairs.push([before, item])
  }
  const [first] = pairs
  if (first === undefined) return
  const why = pairs.slice(0, mostNamed).map(([a, b]) => `${a.output}: from ${a.input} and ${b.input}`)
  if (pairs.length > mostNamed) why.push(`and ${pairs.length - mostNamed} more`)
  const what = `two inputs have the same output, ${first[1].output}: ${first[0].input} and ${first[1].input}`
  throw new ConvoError('E_USAGE', what, { why, instead: [template.text, apartKey(first, template)] })
}

/** Returns a template that gives two inputs different outputs. */
function apartKey([a, b]: [Item, Item], { text, parts }: Template): string {
  const has = (key: Parameters<typeof hasKey>[1]) => hasKey(parts, key)
  const name = basename(text)
  const root = text.slice(0, text.length - name.length)
  const isOneFolder = dirname(a.input) === dirname(b.input)
  if (!has('stem') && !has('path') && !has('index')) return inFolder(text)
  if (isOneFolder && !has('ext')) return text.replace('{stem}', '{stem}-{ext}')
  if (a.rel !== b.rel && !has('rel') && !has('dir')) return `${root}{rel}/${name}`
  // files that were named one by one have no {rel}
  const isBelow = [a, b].every(({ input }) => !/^\/|(^|\/)\.\.(\/|$)/.test(input))
  if (!isOneFolder && isBelow && !has('dir')) return `${root}{dir}/${name}`
  return `${root}{index:04}-${name}`
}

function refuseInputs(items: readonly Item[], inPlace: boolean): void {
  const places = placeFinder()
  const byPlace = new Map<string, Item>()
  const byFile = new Map<string, Item>()
  for (const item of items) {
    noteRead(item.input, inPlace, item.stat)
    byPlace.set(places(item.input), item)
    if (item.stat !== undefined) byFile.set(`${item.stat.dev}:${item.stat.ino}`, item)
  }
  for (const item of items) {
    const there = statOf(item.output)
    const hit =
      byPlace.get(places(item.output)) ??
      (there === undefined ? undefined : byFile.get(`${there.dev}:${there.ino}`))
    if (hit === undefined || (hit === item && inPlace)) continue
    const isOwn = hit === item
    throw new ConvoError(
      'E_IN_PLACE',
      isOwn
        ? `the output ${item.output} is the input itself`
        : `the output of ${item.input} is ${item.output}, which is another input, ${hit.input}`,
      { fix: isOwn ? '--in-place' : 'a different template' },
    )
  }
}
