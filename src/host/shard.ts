import { ConvoError } from '../error.ts'
import { type Environment, engineShard, type Shard } from './engines.ts'

/** How inputs are divided into shards. */
export type ShardBy = 'order' | 'size'

/**
 * Parses `2/8`, `auto` or `auto/8`.
 *
 * @throws ConvoError E_OPTION for another text, or if no engine states the shard
 */
export function parseShard(text: string, environment: Environment): Shard {
  const auto = /^auto(?:\/(\d+))?$/.exec(text)
  if (auto !== null) return engineShard(environment, auto[1] === undefined ? undefined : Number(auto[1]))
  const match = /^(\d+)\/(\d+)$/.exec(text)
  const [index, count] = [Number(match?.[1]), Number(match?.[2])]
  if (match !== null && count >= 1 && index >= 1 && index <= count) return { index, count }
  throw new ConvoError('E_OPTION', `--shard must be i/n with i from 1 to n, auto or auto/n, got "${text}"`, {
    why: index === 0 ? 'shards are counted from 1' : '--shard 2/8 is the second of eight shards',
    instead: [text, count > 0 ? `${index === 0 ? 1 : count}/${count}` : '1/2'],
  })
}

/** Returns the name of a shard in file names, such as `2-of-8`, or `whole` without a shard. */
export const shardName = (shard: Shard | undefined, whole = ''): string =>
  shard === undefined ? whole : `${shard.index}-of-${shard.count}`

/** Parses the name of a shard. Returns undefined for another text. */
export function shardOf(name: string): Shard | undefined {
  const match = /^(\d{1,6})-of-(\d{1,6})$/.exec(name)
  const [index, count] = [Number(match?.[1]), Number(match?.[2])]
  return index >= 1 && index <= count ? { index, count } : undefined
}

/**
 * Returns the items of a shard. Every item is in exactly one of the `count` shards, and which one depends only on the
 * list. `order` takes every `count`-th item. `size` distributes items from the largest to the smallest, each to the
 * shard with the fewest bytes so far.
 *
 * @param items sorted by path
 */
export function itemsOfShard<T extends { readonly bytes: number }>(
  items: readonly T[],
  { index, count }: Shard,
  by: ShardBy,
): T[] {
  if (by === 'order') return items.filter((_, i) => i % count === index - 1)
  // shards beyond the number of items remain empty
  const loads = new Array<number>(Math.min(count, items.length)).fill(0)
  const mine = new Set<T>()
  // sort is stable: items of equal size stay in the order of their paths
  for (const item of [...items].sort((a, b) => b.bytes - a.bytes)) {
    const least = loads.reduce((best, load, i) => (load < loads[best]! ? i : best), 0)
    // one more for each item, so that empty and unreadable files are distributed too
    loads[least]! += item.bytes + 1
    if (least === index - 1) mine.add(item)
  }
  return items.filter((item) => mine.has(item))
}
