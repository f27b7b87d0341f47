import { type Element, turnedElement } from '../../definition/windows.ts'
import { ConvoError } from '../../error.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { notWithKernel, wrongRank } from '../../operators/bank.ts'
import { choice, number, numbers, type Values } from '../../params.ts'
import { cos, sin } from '../../tensor/math.ts'

/** A window, and the position in it that is on the output pixel. */
export type Placed = { readonly element: Element; readonly anchor: readonly [y: number, x: number] }

const shapes = ['square', 'disk', 'diamond', 'line'] as const

/** The options of a window. */
export const windowParams = {
  size: {
    ...numbers(
      'width and height of the window in pixels; one number for both',
      '<k>|<w,h>',
      { min: 1, max: 2 },
      { min: 1, max: 1023, whole: true },
    ),
    unset: '3, or the size of --kernel',
  },
  shape: {
    ...choice(
      'shape of the window. square: a square or rectangle; disk: pixels within (size − 1)/2 of the middle; diamond: the same ' +
        'with the distance along rows and columns; line: as long as the size, at --angle. For other shapes use --kernel, ' +
        'whose nonzero weights are the window',
      shapes,
    ),
    unset: 'square',
  },
  angle: number('direction of a line in degrees, counterclockwise from the x axis', undefined, {
    min: -360,
    max: 360,
    unset: '0',
  }),
}

type WindowValues = Values<typeof windowParams>

/**
 * Returns the window for options or a kernel.
 *
 * @throws ConvoError E_OPTION for options that contradict each other, E_KERNEL_SHAPE, E_KERNEL_VALUE for a kernel
 * without a window
 */
export function windowOf(operation: string, values: WindowValues, kernel: Kernel | undefined): Placed {
  const { size, shape, angle } = values
  if (kernel !== undefined) {
    for (const [name, value] of Object.entries({ size, shape, angle })) {
      if (value !== undefined) throw notWithKernel(name)
    }
    return windowOfKernel(operation, kernel)
  }
  if (angle !== undefined && shape !== 'line') {
    const what = `--angle ${angle} applies to a line, and the window is a ${shape ?? 'square'}`
    throw new ConvoError('E_OPTION', what, { fix: '--shape line' })
  }
  const [width = 3, height = width] = size ?? [3]
  if (shape === undefined || shape === 'square') return placed(height, width, () => true)
  if (width !== height || width % 2 === 0) {
    throw new ConvoError('E_OPTION', `--size of a ${shape} must be one odd number, got ${size!.join()}`, {
      fix: `--size ${width + (width % 2 === 0 ? 1 : 0)}`,
    })
  }
  const r = (width - 1) / 2
  if (shape === 'disk') return placed(width, width, (y, x) => y * y + x * x <= r * r)
  if (shape === 'diamond') return placed(width, width, (y, x) => Math.abs(y) + Math.abs(x) <= r)
  return lineOf(r, angle ?? 0)
}

/** Makes a line through the middle that extends r pixels to each side along the nearer axis. */
function lineOf(r: number, degrees: number): Placed {
  const turn = (degrees * Math.PI) / 180
  // the remainder of a cosine of 90° is not a slope
  const [dx, dy] = [cos(turn), -sin(turn)].map((v) => (Math.abs(v) < 1e-12 ? 0 : v)) as [number, number]
  const isFlat = Math.abs(dx) >= Math.abs(dy)
  const slope = isFlat ? dy / dx : dx / dy
  const step = (i: number) => Math.sign(i * slope) * Math.floor(Math.abs(i * slope) + 0.5)
  const reach = Math.abs(step(r))
  return isFlat
    ? placed(2 * reach + 1, 2 * r + 1, (y, x) => y === step(x))
    : placed(2 * r + 1, 2 * reach + 1, (y, x) => x === step(y))
}

/** Makes a window of a size, anchored in its middle; `has` receives positions counted from the middle. */
function placed(height: number, width: number, has: (y: number, x: number) => boolean): Placed {
  const anchor = [Math.floor(height / 2), Math.floor(width / 2)] as const
  return { element: elementOf(height, width, (y, x) => has(y - anchor[0], x - anchor[1])), anchor }
}

function elementOf(height: number, width: number, has: (y: number, x: number) => boolean): Element {
  const runs: { row: number; left: number; count: number }[] = []
  for (let row = 0; row < height; row++) {
    for (let x = 0; x < width; x++) {
      if (!has(row, x)) continue
      const last = runs.at(-1)
      if (x > 0 && last?.row === row && last.left + last.count === x) last.count++
      else runs.push({ row, left: x, count: 1 })
    }
  }
  return { height, width, runs }
}

function windowOfKernel(operation: string, kernel: Kernel): Placed {
  if (kernel.shape.length !== 2) throw wrongRank(operation, kernel, '[kH,kW]')
  const [height, width] = kernel.shape as [number, number]
  const element = elementOf(height, width, (y, x) => kernel.weights[y * width + x] !== 0)
  if (element.runs.length === 0) {
    throw new ConvoError('E_KERNEL_VALUE', `${operation} needs a kernel with a nonzero weight`, {
      why: 'nonzero weights are the pixels of the window',
    })
  }
  return { element, anchor: kernel.anchor ?? [Math.floor(height / 2), Math.floor(width / 2)] }
}

/** Rotates the window by 180° around its anchor. */
export const turned = ({ element, anchor: [y, x] }: Placed): Placed => ({
  element: turnedElement(element),
  anchor: [element.height - 1 - y, element.width - 1 - x],
})
