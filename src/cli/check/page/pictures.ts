import type { ReportCase } from './data.ts'
import { differenceOf } from './difference.ts'
import { byId, h } from './dom.ts'
import type { Scene, Shown } from './draw.ts'
import { areFloats, canvasOf, decodeFloats, plain, type Stretch } from './pixels.ts'
import { decodePng } from './png.ts'

/** Decoded pictures are large: so many that were decoded last stay. */
const mostDecoded = 24
const thumbnailSize = 80

/** The pictures of the page, decoded when they are wanted. */
export function createPictures(cases: readonly ReportCase[]) {
  const decoded = new Map<number, Promise<Shown>>()
  const stretches = new Map<number, Stretch>()
  for (const { expected, actual, stretch } of cases) {
    for (const number of [expected, actual]) {
      if (number !== undefined && stretch !== undefined) stretches.set(number, stretch)
    }
  }

  function picture(number: number): Promise<Shown> {
    const known = decoded.get(number)
    if (known !== undefined) return known
    const text = byId(`picture-${number}`).textContent ?? ''
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
    const decode = areFloats(bytes) ? decodeFloats : decodePng
    const stretch = stretches.get(number) ?? plain
    const loading = decode(bytes).then((pixels) => ({ pixels, canvas: canvasOf(pixels, stretch) }))
    decoded.set(number, loading)
    if (decoded.size > mostDecoded) decoded.delete(decoded.keys().next().value!)
    return loading
  }

  async function fillThumbnail(target: HTMLElement): Promise<void> {
    const { canvas } = await picture(Number(target.dataset.picture))
    const size = thumbnailSize
    const small = h('canvas', { width: size, height: size })
    const scale = Math.min(size / canvas.width, size / canvas.height)
    const [w, height] = [canvas.width * scale, canvas.height * scale]
    const context = small.getContext('2d')!
    context.imageSmoothingEnabled = scale < 1
    context.imageSmoothingQuality = 'high'
    context.drawImage(canvas, (size - w) / 2, (size - height) / 2, w, height)
    target.replaceChildren(small)
  }

  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue
      seen.unobserve(target)
      void fillThumbnail(target as HTMLElement)
    }
  })

  return {
    /** What there is to see of a case. */
    async sceneOf({ expected, actual, marks, stretch = plain }: ReportCase): Promise<Scene> {
      const [e, a, m] = await Promise.all(
        [expected, actual, marks].map((n) => (n === undefined ? undefined : picture(n))),
      )
      const difference = e && a && differenceOf(e.pixels, a.pixels, m?.pixels, stretch)
      return {
        ...(e !== undefined && { expected: e }),
        ...(a !== undefined && { actual: a }),
        ...(difference !== undefined && { difference }),
        stretch,
      }
    },
    /** Puts a small picture into an element once it is seen. */
    fillLater(thumbnail: HTMLElement, number: number): void {
      thumbnail.dataset.picture = String(number)
      seen.observe(thumbnail)
    },
  }
}
