import { ConvoError, nearest } from '../error.ts'

/**
 * A border mode: the samples outside the picture. `picture` shows it for the samples `abcd`. `source(i, n)` is the
 * index in 0..n-1 whose sample is used at position i, which may be any distance outside, or -1 for the fill value.
 */
export type Border = {
  readonly summary: string
  readonly picture: string
  /** Unambiguous names for it in other systems. */
  readonly aliases: readonly string[]
  source(i: number, n: number): number
}

const modulo = (i: number, n: number): number => ((i % n) + n) % n

/** The border modes by name. If the border is wider than the picture, the pattern continues. */
export const borders = {
  replicate: {
    summary: 'the edge sample, repeated',
    picture: 'aaa|abcd|ddd',
    aliases: ['edge', 'nearest', 'clamp'],
    source: (i, n) => (i < 0 ? 0 : i < n ? i : n - 1),
  },
  symmetric: {
    summary: 'mirrored, with the edge sample repeated',
    picture: 'cba|abcd|dcb',
    aliases: [],
    source: (i, n) => {
      const m = modulo(i, 2 * n)
      return m < n ? m : 2 * n - 1 - m
    },
  },
  reflect: {
    summary: 'mirrored at the edge sample, which is not repeated',
    picture: 'dcb|abcd|cba',
    aliases: ['reflect101'],
    source: (i, n) => {
      if (n === 1) return 0
      const m = modulo(i, 2 * n - 2)
      return m < n ? m : 2 * n - 2 - m
    },
  },
  wrap: {
    summary: 'continued from the opposite side',
    picture: 'bcd|abcd|abc',
    aliases: ['circular', 'tile'],
    source: modulo,
  },
  constant: {
    summary: 'a fixed value (--fill, default 0)',
    picture: 'kkk|abcd|kkk',
    aliases: ['zeros'],
    source: (i, n) => (i >= 0 && i < n ? i : -1),
  },
} as const satisfies Record<string, Border>

/** The name of a border mode. */
export type BorderName = keyof typeof borders

/** Another name for a border mode. */
export type BorderAlias = (typeof borders)[BorderName]['aliases'][number]

/** Border modes by their aliases. */
export const borderAliases = Object.fromEntries(
  Object.entries(borders).flatMap(([name, { aliases }]) => aliases.map((alias) => [alias, name])),
) as Readonly<Record<string, BorderName>>

/** Refuses a fill value with a border mode that does not use it. @throws ConvoError E_OPTION */
export function checkFill(border: BorderName, fill: unknown): void {
  if (fill === undefined || border === 'constant') return
  throw new ConvoError('E_OPTION', `--fill does not apply to --border ${border}`, {
    fix: '--border constant',
  })
}

/**
 * Finds the mode for a name or an alias, ignoring case.
 *
 * @throws ConvoError E_NAME for an unknown name, and for `mirror`, which is ambiguous
 */
export function borderName(text: string): BorderName {
  const word = text.toLowerCase()
  if (Object.hasOwn(borders, word)) return word as BorderName
  const alias = Object.hasOwn(borderAliases, word) ? borderAliases[word] : undefined
  if (alias !== undefined) return alias
  if (word === 'mirror') {
    throw new ConvoError('E_NAME', '"mirror" is ambiguous', {
      why: [
        `SciPy's mirror is convo's reflect:        ${borders.reflect.picture}`,
        `ImageMagick's mirror is convo's symmetric: ${borders.symmetric.picture}`,
      ],
      instead: [text, 'reflect'],
    })
  }
  const [, fill] = /^constant[=:,](.+)$/.exec(word) ?? []
  if (fill !== undefined) {
    throw new ConvoError('E_NAME', `there is no border mode "${text}"`, {
      why: 'the level of the border is another option',
      instead: [text, 'constant', '--fill', fill],
    })
  }
  throw new ConvoError('E_NAME', `there is no border mode "${text}"`, {
    why: `border modes: ${Object.keys(borders).join(', ')}`,
    instead: [text, nearest(word, [...Object.keys(borders), ...Object.keys(borderAliases)])],
  })
}
