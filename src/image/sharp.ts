import type sharpModule from 'sharp'
import type { Sharp, SharpOptions } from 'sharp'
import { asConvoError, ConvoError } from '../error.ts'
import { requireHere, resolved } from '../files/package.ts'
import type { Source } from './reader.ts'

export type { Sharp } from 'sharp'

let loaded: typeof sharpModule | undefined

/**
 * Loads sharp, once, and blocks while it does: 25 ms through `require`, 45 ms through `import`. To be called when the
 * workers are on their way. Its cache is off: it holds on to pictures and does not see that a file has changed.
 *
 * @throws ConvoError E_INPUT where it is not installed, or not for this machine
 */
export function loadSharp(): typeof sharpModule {
  if (loaded === undefined) {
    loaded = required()
    loaded.cache(false)
  }
  return loaded
}

/** @throws ConvoError E_INPUT where it is not installed, or not for this machine */
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

/** The versions of sharp and libvips, where they are in use; asking does not load them. */
export const versionsInUse = (): { readonly sharp?: string; readonly vips: string } | undefined =>
  loaded?.versions

/** A picture file in sharp, read as strictly as it can. */
export function sharpOf(input: Source, options: SharpOptions): Sharp {
  // the limit on pixels is checked by name and number before; libvips' other limits against bombs stay on
  return loadSharp()(input, { failOn: 'warning', limitInputPixels: false, ...options })
}

/** How a picture becomes raw samples. Plain data: another process can do it. */
export type RawRecipe = {
  readonly options: SharpOptions
  /** The part that is wanted, from the upper left corner on; all of it unless given. */
  readonly size?: { readonly width: number; readonly height: number }
  /** libvips' name of a colour space. */
  readonly space: string
  readonly depth: 'uchar' | 'ushort' | 'float'
}

/** Samples as bytes, and what sharp says of them. */
export type Raw = {
  readonly data: Buffer
  readonly info: {
    width: number
    height: number
    channels: number
    /** further pictures that the decoder knows of */
    more?: number
  }
}

/** Decodes to raw samples. @throws whatever sharp throws */
export function rawOf(input: Source, { options, size, space, depth }: RawRecipe): Promise<Raw> {
  const pipeline = sharpOf(input, options)
  if (size !== undefined) pipeline.extract({ left: 0, top: 0, ...size })
  return pipeline.toColourspace(space).raw({ depth }).toBuffer({ resolveWithObject: true })
}

/** What sharp says of a failure, each line once, without the steps by which it felt for the end of a file. */
export function reasons(cause: unknown): string[] {
  const lines = (cause instanceof Error ? cause.message : String(cause)).split('\n')
  const said = [...new Set(lines)].filter((line) => line.trim() !== '')
  const real = said.filter((line) => !/bad seek to \d+$/.test(line))
  return real.length > 0 ? real : said.slice(0, 1)
}
