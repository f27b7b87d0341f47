import { ConvoError, nearest } from '../../error.ts'
import { writeWhole } from '../../files/change.ts'
import type { Io } from '../../host/io.ts'
import { decode } from '../../image/decode.ts'
import { encodePages, renderSvg } from '../../image/encode.ts'
import { expected } from '../../params.ts'
import { operations } from '../../picture/operations.ts'
import type { Picture } from '../../tensor/picture.ts'
import { visibleLine } from '../../text/visible.ts'
import { formatOf, writeDrawing } from '../draw/file.ts'
import { animations } from '../operators/index.ts'
import { animatedSvg, frameSvg } from './draw.ts'
import { type Laid, layOut } from './layout.ts'
import type { Scene } from './scene.ts'
import { sceneOptions } from './settings.ts'

export type AnimateOptions = {
  readonly operator: string
  /** The output file. Default: a GIF named after the operator, or a PNG for one frame. */
  readonly output?: string | undefined
  /** The options of the scene, as typed. */
  readonly given: Readonly<Record<string, unknown>>
  /** How long each frame is shown, in milliseconds. */
  readonly delay: number
  /** The only frame to write, counted from 1. Default: all of them. */
  readonly frame?: number | undefined
  readonly width?: number | undefined
}

/** The largest number of frames. Longer animations explain nothing. */
const mostFrames = 300

/** How long each frame is shown by default, in milliseconds. */
export const usualDelay = 800

/** The last frame is shown this many times as long as the others. */
const lastLonger = 4

/**
 * Returns the animation of an operator as data.
 *
 * @throws ConvoError E_NAME for an operator without an animation, E_OPTION, E_SHAPE for impossible numbers
 */
export async function sceneOf(
  operator: string,
  given: Readonly<Record<string, unknown>> = {},
): Promise<Scene> {
  const names = Object.keys(animations)
  if (!Object.hasOwn(animations, operator)) {
    const guess = nearest(operator, names)
    throw new ConvoError('E_NAME', `there is no animation of "${operator}"`, {
      why: `animations: ${names.join(', ')}`,
      ...(Object.hasOwn(operations, operator)
        ? { fix: `convo explain ${operator}` }
        : guess !== undefined && { instead: [operator, guess] as const }),
    })
  }
  const { takes, scene } = await animations[operator]!.load()
  const whole = await scene(sceneOptions(operator, takes, given))
  const count = whole.frames.length
  if (count > mostFrames) {
    const what = `the animation would have ${count} frames, and at most ${mostFrames} are allowed`
    throw new ConvoError('E_OPTION', what, { fix: 'a smaller --size or a larger --stride' })
  }
  return { ...whole, title: `${operator}: ${whole.title}` }
}

/** Writes an animation, or one frame of it. @throws ConvoError E_OUTPUT, and as `sceneOf` */
export async function animate(options: AnimateOptions, io: Io): Promise<number> {
  const { operator, frame, given } = options
  const output = options.output ?? (frame === undefined ? `${operator}.gif` : `${operator}-${frame}.png`)
  const isOne = frame !== undefined
  const kinds = isOne ? (['png', 'svg'] as const) : (['gif', 'webp', 'svg'] as const)
  const what = isOne ? 'one frame' : 'an animation'
  const format = formatOf(output, kinds, `${what} can be written as .${kinds.join(', .')}`)
  const laid = layOut(await sceneOf(operator, given))
  const width = options.width ?? laid.width
  const count = laid.frames.length
  if (frame !== undefined && frame > count) {
    throw expected(`from 1 to ${count}`, '--frame', frame, { near: count })
  }
  if (frame !== undefined) await writeDrawing(frameSvg(laid, frame - 1, width), output)
  else await writeWhole(output, await moving(laid, format as 'gif' | 'webp' | 'svg', options.delay, width))
  if (options.output === undefined)
    io.err(`${visibleLine(output)}: ${frame === undefined ? `${count} frames` : 'one frame'}\n`)
  return 0
}

const delaysOf = (laid: Laid, delay: number): number[] =>
  laid.frames.map((_, f) => (f === laid.frames.length - 1 ? delay * lastLonger : delay))

async function moving(
  laid: Laid,
  format: 'gif' | 'webp' | 'svg',
  delay: number,
  width: number,
): Promise<string | Uint8Array> {
  const delays = delaysOf(laid, delay)
  if (format === 'svg') return animatedSvg(laid, delays, width)
  const pages: Picture[] = []
  for (let f = 0; f < laid.frames.length; f++) {
    const png = await renderSvg(frameSvg(laid, f, width))
    pages.push(
      await decode(png, { maxPixels: Number.POSITIVE_INFINITY, orient: false, name: `frame ${f + 1}` }),
    )
  }
  return (await encodePages(pages, format, { delay: delays })).bytes
}

/** Returns the animation of an operator, and its SVG. @throws ConvoError as `sceneOf` */
export async function animation(
  operator: string,
  given: Readonly<Record<string, unknown>>,
): Promise<{ readonly scene: Scene; readonly svg: string }> {
  const scene = await sceneOf(operator, given)
  const laid = layOut(scene)
  return { scene, svg: animatedSvg(laid, delaysOf(laid, usualDelay)) }
}
