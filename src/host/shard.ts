import { ConvoError } from '../error.ts'
import { type Environment, engineShard, type Shard } from './engines.ts'

/** How inputs are shared out. */
export type ShardBy = 'order' | 'size'

/**
 * Understands `2/8`, `auto` and `auto/8`.
 *
 * @throws ConvoError E_OPTION for another text, or where no engine says
 */
export function parseShard(text: string, environment: Environment): Shard {
  const auto = /^auto(?:\/(\d+))?$/.exec(text)
  if (auto !== null) return engineShard(environment, auto[1] === undefined ? undefined : Number(auto[1]))
  const match = /^(\d+)\/(\d+)$/.exec(text)
  const [index, count] = [Number(match?.[1]), Number(match?.[2])]
  if (match !== null && count >= 1 && index >= 1 && index <= count) return { index, count }
  throw new ConvoError('E_OPTION', `--shard must be i/n with i from 1 to n, auto or auto/n, got "${text}"`, {
    why:
      match !== null && index === 0
        ? 'shards are counted from 1'
        : '--shard 2/8 is the second of eight shards',
    ...(match !== null && count > 0 && { instead: [text, `${index === 0 ? 1 : count}/${count}`] as const }),
  })
}

/** `2-of-8`, as it is in names of files; `whole` for all of the work. */
export const shardName = (shard: Shard | undefined, whole = ''): string =>
  shard === undefined ? whole : `${shard.index}-of-${shard.count}`

/** The shard of a name; nothing for a text that is none. */
export function shardOf(name: string): Shard | undefined {
  const match = /^(\d{1,6})-of-(\d{1,6})$/.exec(name)
  const [index, count] = [Number(match?.[1]), Number(match?.[2])]
  return index >= 1 && index <= count ? { index, count } : undefined
}

/**
 * The items of a shard. Every item is in exactly one of the `count` shards, and which one depends on the list alone:
 * `order` takes every `count`-th item; `size` hands them out from the largest to the smallest, each to the shard that has
 * the fewest bytes so far.
 *
 * @param items sorted by path
 */
export function itemsOfShard<T extends { readonly bytes: number }>(
  items: readonly T[],
  { index, count }: Shard,
  by: ShardBy,
): T[] {
  if (by === 'order') return items.filter((_, i) => i % count === index - 1)
  // shards beyond the number of items get none
  const loads = new Array<number>(Math.min(count, items.length)).fill(0)
  const mine = new Set<T>()
  // sort is stable: items of one size stay in the order of their paths
  for (const item of [...items].sort((a, b) => b.bytes - a.bytes)) {
    const least = loads.reduce((best, load, i) => (load < loads[best]! ? i : best), 0)
    // one more for each item, so that empty and unreadable files are shared out too
    loads[least]! += item.bytes + 1
    if (least === index - 1) mine.add(item)
  }
  return items.filter((item) => mine.has(item))
}
