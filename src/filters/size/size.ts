import type { Engine } from '../../definition/engine.ts'
import { ConvoError } from '../../error.ts'
import { checkLimit } from '../../limits.ts'
import { arithmetics, type Operator, operator } from '../../operators/operator.ts'
import { choice, custom, expected, integer, numbers } from '../../params.ts'
import { sizeOf, type Tensor } from '../../tensor/tensor.ts'
import { outside } from '../outside.ts'
import { curves, nearestPlaces, placesFrom, resamplingOf } from './resampling.ts'

// Filters that change the size of a picture.

type Size = { readonly width: number; readonly height: number }

const sizeOfPlane = ({ shape }: Tensor): Size => ({ width: shape.at(-1)!, height: shape.at(-2)! })
const shown = ({ width, height }: Size): string => `${width}x${height}`

const moving = { acts: 'each', moves: true, arithmetic: arithmetics.samples } as const

const factor = custom('factor of the size, such as 0.5, 50% or 2', '<n|n%>', (given, name) => {
  const [, digits, percent] = /^\s*(\d*\.?\d+)\s*(%?)\s*$/.exec(String(given)) ?? []
  const value = Number(digits) / (percent === '%' ? 100 : 1)
  if (!(value > 0 && value <= 1000))
    throw expected('above 0 and at most 1000, such as 0.5 or 50%', name, given)
  return value
})

const fits = ['stretch', 'inside', 'cover'] as const

type Wanted = {
  readonly width: number | undefined
  readonly height: number | undefined
  readonly by: number | undefined
  readonly fit: (typeof fits)[number] | undefined
}

/** Returns the size to compute, and the size of its middle that is kept. @throws ConvoError E_OPTION */
function sizesOf(x: Size, { width, height, by, fit }: Wanted): { readonly full: Size; readonly kept: Size } {
  const at = (scale: number): Size => ({
    width: Math.max(1, Math.round(x.width * scale)),
    height: Math.max(1, Math.round(x.height * scale)),
  })
  const whole = (full: Size) => ({ full, kept: full })
  if (width === undefined) {
    return whole(height === undefined ? at(by ?? 0.5) : { ...at(height / x.height), height })
  }
  if (height === undefined) return whole({ ...at(width / x.width), width })
  const kept = { width, height }
  if (fit === undefined || fit === 'stretch') return whole(kept)
  const [across, down] = [width / x.width, height / x.height]
  if (fit === 'inside') return whole(at(Math.min(across, down)))
  const full = at(Math.max(across, down))
  return { full: { width: Math.max(width, full.width), height: Math.max(height, full.height) }, kept }
}

const middleOf = (engine: Engine, x: Tensor, kept: Size): Promise<Tensor> => {
  const { width, height } = sizeOfPlane(x)
  return part(engine, x, Math.floor((width - kept.width) / 2), Math.floor((height - kept.height) / 2), kept)
}

const part = async (engine: Engine, x: Tensor, left: number, top: number, size: Size): Promise<Tensor> => {
  const own = sizeOfPlane(x)
  if (own.width === size.width && own.height === size.height) return x
  const [rows, columns] = [placesFrom(top, size.height), placesFrom(left, size.width)]
  return engine.layer('chosen', [x], { rows, columns })
}

const side = { min: 1, max: 1_000_000 }

/** Filters that change the size. */
export const sizes: Readonly<Record<string, Operator>> = {
  resize: operator({
    summary: 'resizes the picture',
    formula:
      'out[o] = Σ w(i) · x[i] along rows, then along columns; w(i) = curve((i + ½ − (o + ½) · in/out) / max(1, in/out)) over their sum',
    source:
      'As Pillow, but without rounding and clipping between the two passes. Cubics of Mitchell and Netravali 1988: catmull-rom is Pillow’s ' +
      'BICUBIC, mitchell ImageMagick’s default for enlarging; bicubic of OpenCV has the parameter −0.75 and does not widen the curve ' +
      'when reducing',
    group: 'size',
    params: {
      width: { ...integer('width in pixels', undefined, side), unset: 'from the height' },
      height: { ...integer('height in pixels', undefined, side), unset: 'from the width' },
      by: { ...factor, unset: '0.5, or none with a width or height' },
      fit: {
        ...choice(
          'with width and height. stretch: exactly that size, ignoring proportions; inside: the largest size that fits; ' +
            'cover: the smallest size that covers it, cropped to its middle',
          fits,
        ),
        unset: 'stretch',
      },
      curve: choice(
        'how samples are weighted: nearest uses one, box is a mean, bilinear a tent, catmull-rom and mitchell are cubics, ' +
          'lanczos2 and lanczos3 windowed sincs',
        ['nearest', ...(Object.keys(curves) as (keyof typeof curves)[])],
        'lanczos3',
      ),
    },
    kernel: 'none',
    takes: [],
    examples: ['convo resize in.png out.png --width 800', 'convo resize in.png out.png --by 50% --linear'],
    build: ({ values: { width, height, by, fit, curve } }) => {
      if (by !== undefined && (width ?? height) !== undefined) {
        throw new ConvoError('E_OPTION', '--by and a width or height cannot be used together', {
          fix: 'no --by',
        })
      }
      if (fit !== undefined && (width === undefined || height === undefined)) {
        throw new ConvoError('E_OPTION', `--fit ${fit} needs both --width and --height`, { fix: 'no --fit' })
      }
      return {
        ...moving,
        moves: curve === 'nearest',
        arithmetic:
          curve === 'nearest'
            ? arithmetics.samples
            : { algorithm: 'resample', reason: 'direct sums in float32, along rows, then along columns' },
        async apply(x, engine) {
          const own = sizeOfPlane(x)
          const { full, kept } = sizesOf(own, { width, height, by, fit })
          checkLimit(
            'tensorSamples',
            sizeOf([x.shape[0]!, full.height, full.width]),
            `a picture of ${shown(full)}`,
          )
          if (curve === 'nearest') {
            const rows = nearestPlaces(own.height, full.height)
            const columns = nearestPlaces(own.width, full.width)
            return middleOf(engine, await engine.layer('chosen', [x], { rows, columns }), kept)
          }
          const wide =
            own.width === full.width
              ? x
              : await engine.layer('resampledAcross', [x], resamplingOf(curve, own.width, full.width))
          const high =
            own.height === full.height
              ? wide
              : await engine.layer('resampledDown', [wide], resamplingOf(curve, own.height, full.height))
          return middleOf(engine, high, kept)
        },
      }
    },
  }),
  crop: operator({
    summary: 'keeps a rectangle of the picture',
    formula: 'out[y,x] = x[top + y, left + x]',
    source: 'samples are not changed',
    group: 'size',
    params: {
      size: {
        ...numbers(
          'width and height in pixels; one number for both',
          '<w,h>',
          { min: 1, max: 2 },
          { ...side, whole: true },
        ),
        default: [256] as readonly number[],
      },
      at: {
        ...numbers(
          'left and top of the rectangle, counted from 0',
          '<x,y>',
          { min: 2, max: 2 },
          { min: 0, whole: true },
        ),
        unset: 'the middle',
      },
    },
    kernel: 'none',
    takes: [],
    examples: ['convo crop in.png out.png --size 200,150 --at 10,20'],
    build: ({ values: { size, at } }) => ({
      ...moving,
      async apply(x, engine) {
        const [width = 1, height = width] = size
        const own = sizeOfPlane(x)
        const [left, top] = at ?? [Math.floor((own.width - width) / 2), Math.floor((own.height - height) / 2)]
        if (left! < 0 || top! < 0 || left! + width > own.width || top! + height > own.height) {
          const place = at === undefined ? '' : ` at ${at.join()}`
          const most = { width: own.width - (at?.[0] ?? 0), height: own.height - (at?.[1] ?? 0) }
          const isInside = most.width > 0 && most.height > 0
          const what = `a rectangle of ${width}x${height}${place} extends beyond the picture`
          throw new ConvoError('E_OPTION', what, {
            why: `the picture is ${shown(own)}`,
            fix: isInside
              ? `--size ${Math.min(width, most.width)}x${Math.min(height, most.height)}`
              : `--size ${Math.min(width, own.width)}x${Math.min(height, own.height)} --at 0,0`,
          })
        }
        return part(engine, x, left!, top!, { width, height })
      },
    }),
  }),
  pad: operator({
    summary: 'adds pixels around the picture',
    formula: 'out[y,x] = x[y − top, x − left], extended as set by --border',
    source:
      'the border modes of convo list borders. With alpha, --border constant adds transparent pixels, or opaque ones with --fill',
    group: 'size',
    params: {
      by: {
        ...numbers(
          'pixels on each side: one number; y,x; or top,bottom,left,right',
          '<n>|<y,x>|<t,b,l,r>',
          { min: 1, max: 4 },
          { min: 0, max: 1_000_000, whole: true },
        ),
        default: [16] as readonly number[],
      },
    },
    kernel: 'none',
    examples: ['convo pad in.png out.png --by 20,40 --border reflect'],
    takes: ['border', 'fill'],
    build: ({ values: { by }, settings, full }) => {
      if (by.length === 3)
        throw expected('1, 2 or 4 numbers (one for all; y,x; top,bottom,left,right)', '--by', by.join())
      const [a = 0, b = a, c, d = 0] = by
      const margins =
        c === undefined ? { top: a, bottom: a, left: b, right: b } : { top: a, bottom: b, left: c, right: d }
      const { border, fill } = outside(settings, full)
      const framed = (engine: Engine, x: Tensor, level: number) =>
        engine.layer('framed', [x], { margins, border, fill: level })
      return {
        ...moving,
        apply: (x, engine) => framed(engine, x, fill),
        // with --fill, the added pixels are opaque
        ...(settings.fill !== undefined && { carries: (alpha, _, engine) => framed(engine, alpha, full) }),
      }
    },
  }),
}
