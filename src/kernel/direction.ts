import { flip } from './analyse.ts'
import { anchorField } from './formats/text.ts'
import { type Direction, type Kernel, planeSize } from './kernel.ts'

/** Turns the kernel, with its anchor, by 180° in its plane, and in depth too if it is a 3-D bank. */
export function turned(kernel: Kernel): Kernel {
  const { anchor = [0, 0], ...rest } = flip(kernel, kernel.shape.length === 5 ? 3 : 2)
  return { ...rest, ...anchorField(planeSize(kernel.shape), anchor) }
}

/** Whether the turn by its format changes the kernel. */
export function isTurned(kernel: Kernel): kernel is Kernel & { readonly direction: Direction } {
  if (kernel.direction?.turns !== true) return false
  const there = turned(kernel)
  const back = turned(there)
  return String(there.anchor) !== String(back.anchor) || there.weights.some((w, i) => w !== back.weights[i])
}

/** Describes a direction: `rotated by 180°, like -morphology Convolve does`, or `used as written, like …`. */
export const directionText = ({ turns, as }: Direction): string =>
  turns ? `rotated by 180°, like ${as} does` : `used as written, like ${as} does`
