import { flip } from './analyse.ts'
import { anchorField } from './formats/text.ts'
import { type Direction, type Kernel, planeSize } from './kernel.ts'

/** The kernel turned by 180° in its plane, in depth too where it is a 3-D bank; the anchor with it. */
export function turned(kernel: Kernel): Kernel {
  const { anchor = [0, 0], ...rest } = flip(kernel, kernel.shape.length === 5 ? 3 : 2)
  return { ...rest, ...anchorField(planeSize(kernel.shape), anchor) }
}

/** Whether the turn of a kernel's format makes a difference to it. */
export function isTurned(kernel: Kernel): kernel is Kernel & { readonly direction: Direction } {
  if (kernel.direction?.turns !== true) return false
  const there = turned(kernel)
  const back = turned(there)
  return String(there.anchor) !== String(back.anchor) || there.weights.some((w, i) => w !== back.weights[i])
}

/** `turned by 180°, as -morphology Convolve turns it`, or that it is used as it is written. */
export const directionText = ({ turns, as }: Direction): string =>
  turns ? `rotated by 180°, like ${as} does` : `used as written, like ${as} does`
