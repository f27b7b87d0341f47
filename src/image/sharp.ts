import type sharpModule from 'sharp'
import type { Sharp, SharpOptions } from 'sharp'
import { asConvoError, ConvoError } from '../error.ts'
import { requireHere, resolved } from '../files/package.ts'
import type { Source } from './reader.ts'
import type { Size } from './size.ts'

export type { Metadata as Described, Sharp } from 'sharp'

let loaded: typeof sharpModule | undefined

/**
 * Loads sharp once, and blocks meanwhile: 25 ms through `require`, 45 ms through `import`. Call it after the workers
 * were started. The cache of sharp is off, because it retains pictures and does not notice changed files.
 *
 * @throws ConvoError E_INPUT if it is not installed, or not for this machine
 */
export function loadSharp(): typeof sharpModule {
  if (loaded === undefined) {
    loaded = required()
    loaded.cache(false)
  }
  return loaded
}

function required(): typeof sharpModule {
  try {
    return requireHere(resolved('sharp') ?? 'sharp') as typeof sharpModule
  } catch (cause) {
    const known = asConvoError(cause)
    if (known.code !== 'E_INTERNAL') throw known
    throw new ConvoError('E_INPUT', 'sharp, which decodes and encodes pictures, cannot be loaded', {
      why: reasons(cause).slice(0, 1),
      fix: 'npm install --include=optional sharp',
      cause,
    })
  }
}

/** The versions of sharp and libvips, if they are loaded already. It does not load them. */
export const versionsInUse = (): { readonly sharp?: string; readonly vips: string } | undefined =>
  loaded?.versions

/** Opens a picture file in sharp, which reads it as strictly as it can. */
export function sharpOf(input: Source, options: SharpOptions): Sharp {
  // the number of pixels is checked earlier, with the name of the file; libvips' other limits against bombs stay on
  return loadSharp()(input, { failOn: 'warning', limitInputPixels: false, ...options })
}

/** How to turn a picture into raw samples. It is plain data, so another process can use it. */
export type RawRecipe = {
  readonly options: SharpOptions
  /** The part to decode, from the upper left corner on; by default all of it. */
  readonly size?: Size
  /** libvips' name of a colour space. */
  readonly space: string
  readonly depth: 'uchar' | 'ushort' | 'float'
}

/** Samples as bytes, and sharp's description of them. */
export type Raw = {
  readonly data: Buffer
  readonly info: {
    width: number
    height: number
    channels: number
    /** further pictures that the decoder reports */
    more?: number
  }
}

/** Decodes to raw samples. @throws whatever sharp throws */
export function rawOf(input: Source, { options, size, space, depth }: RawRecipe): Promise<Raw> {
  const pipeline = sharpOf(input, options)
  if (size !== undefined) pipeline.extract({ left: 0, top: 0, ...size })
  return pipeline.toColourspace(space).raw({ depth }).toBuffer({ resolveWithObject: true })
}

/**
 * The messages of a failure in sharp, each line once, without its failed seeks while it searched for the end of a file.
 */
export function reasons(cause: unknown): string[] {
  const lines = (cause instanceof Error ? cause.message : String(cause)).split('\n')
  const said = [...new Set(lines)].filter((line) => line.trim() !== '')
  const real = said.filter((line) => !/bad seek to \d+$/.test(line))
  return real.length > 0 ? real : said.slice(0, 1)
}
