import type { ReportCase } from './data.ts'
import { byId, h } from './dom.ts'
import type { Scene, Shown } from './draw.ts'
import { areFloats, canvasOf, decodeFloats, decodePng, plain, type Stretch } from './pixels.ts'

/** The most pixels of decoded pictures that are kept. The oldest are dropped first. */
const mostPixels = 64e6
const thumbnailSize = 80

function bytesOf(base64: string): Uint8Array {
  const letters = atob(base64)
  const bytes = new Uint8Array(letters.length)
  // Uint8Array.from would call a function for each of millions of bytes
  for (let i = 0; i < bytes.length; i++) bytes[i] = letters.charCodeAt(i)
  return bytes
}

/** Pictures beside the page are scripts, because a page opened from disk may not read other files. */
type Loaded = { convoPictures?: Record<number, string> }

function textOf(number: number, beside: string | undefined): Promise<string> {
  if (beside === undefined) return Promise.resolve(byId(`picture-${number}`).textContent ?? '')
  return new Promise((done, failed) => {
    const script = document.createElement('script')
    script.src = `${beside}${number}.js`
    script.onload = () => {
      const loaded = (window as Loaded).convoPictures ?? {}
      const text = loaded[number] ?? ''
      delete loaded[number]
      script.remove()
      done(text)
    }
    script.onerror = () => failed(new Error(`${script.src} is not there`))
    document.head.append(script)
  })
}

/** The pictures of the page, decoded on demand. */
export function createPictures(cases: readonly ReportCase[], beside?: string) {
  const decoded = new Map<number, Promise<Shown>>()
  const sizes = new Map<number, number>()
  const thumbnails = new Map<number, HTMLCanvasElement>()
  const stretches = new Map<number, Stretch>()
  for (const { expected, actual, stretch } of cases) {
    for (const number of [expected, actual]) {
      if (number !== undefined && stretch !== undefined) stretches.set(number, stretch)
    }
  }

  function picture(number: number): Promise<Shown> {
    const known = decoded.get(number)
    if (known !== undefined) return known
    const stretch = stretches.get(number) ?? plain
    const loading = textOf(number, beside).then(async (text) => {
      const bytes = bytesOf(text)
      const pixels = await (areFloats(bytes) ? decodeFloats : decodePng)(bytes)
      sizes.set(number, pixels.width * pixels.height)
      forget(number)
      return { pixels, canvas: canvasOf(pixels, stretch) }
    })
    decoded.set(number, loading)
    return loading
  }

  /** Drops the oldest pictures until the others fit, but never the latest. */
  function forget(latest: number): void {
    let pixels = [...sizes.values()].reduce((a, b) => a + b, 0)
    for (const [number, size] of sizes) {
      if (pixels <= mostPixels || number === latest) return
      pixels -= size
      sizes.delete(number)
      decoded.delete(number)
    }
  }

  async function fillThumbnail(target: HTMLElement): Promise<void> {
    const number = Number(target.dataset.picture)
    const { canvas } = await picture(number)
    const size = thumbnailSize
    const small = h('canvas', { width: size, height: size })
    const scale = Math.min(size / canvas.width, size / canvas.height)
    const [w, height] = [canvas.width * scale, canvas.height * scale]
    const context = small.getContext('2d')!
    context.imageSmoothingEnabled = scale < 1
    context.imageSmoothingQuality = 'high'
    context.drawImage(canvas, (size - w) / 2, (size - height) / 2, w, height)
    thumbnails.set(number, small)
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
    /** Returns the pictures of a case; undefined if it is no longer wanted once they are decoded. */
    async sceneOf(
      { expected, actual, difference, stretch = plain }: ReportCase,
      isWanted: () => boolean,
    ): Promise<Scene | undefined> {
      const [e, a, d] = await Promise.all(
        [expected, actual, difference?.picture].map((n) => (n === undefined ? undefined : picture(n))),
      )
      if (!isWanted()) return undefined
      return {
        ...(e !== undefined && { expected: e }),
        ...(a !== undefined && { actual: a }),
        ...(d !== undefined && { difference: { ...difference!, canvas: d.canvas } }),
        stretch,
      }
    },
    /** Puts a small picture into an element once it is visible. */
    fillLater(thumbnail: HTMLElement, number: number): void {
      const drawn = thumbnails.get(number)
      if (drawn !== undefined) thumbnail.replaceChildren(drawn)
      else {
        thumbnail.dataset.picture = String(number)
        seen.observe(thumbnail)
      }
    },
  }
}
