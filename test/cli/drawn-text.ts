import { textWidth } from '../../src/teach/draw/measure.ts'

/** A text of an SVG with its bounding box, in pixels of the whole drawing. */
export type DrawnText = {
  readonly content: string
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

const unescapeXml = (text: string): string =>
  text.replace(
    /&(lt|gt|quot|#39|amp);/g,
    (_, name: string) => ({ lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&' })[name]!,
  )

/** Finds all texts of a drawing by following its groups, which only move and scale. */
export function textsOf(svg: string): DrawnText[] {
  const texts: DrawnText[] = []
  const stack = [{ x: 0, y: 0, scale: 1 }]
  for (const [, close, name, attributes = '', isEmpty, content = ''] of svg.matchAll(
    /<(\/?)(g|text)\b([^>]*?)(\/?)>(?:([^<]*)<\/text>)?/g,
  )) {
    const here = stack.at(-1)!
    if (name === 'g') {
      if (close === '/') stack.pop()
      else if (isEmpty === '') {
        const [, x = '0', y = '0'] = /translate\((\S+) (\S+)\)/.exec(attributes) ?? []
        const [, scale = '1'] = /scale\((\S+)\)/.exec(attributes) ?? []
        stack.push({
          x: here.x + here.scale * Number(x),
          y: here.y + here.scale * Number(y),
          scale: here.scale * Number(scale),
        })
      }
      continue
    }
    const of = (key: string) => new RegExp(` ${key}="([^"]*)"`).exec(attributes)?.[1]
    const words = unescapeXml(content)
    const size = Number(of('font-size'))
    const font = of('font-family')!.includes('Mono') ? 'mono' : 'sans'
    // measured widths include some spare room
    const width = textWidth(words, size, { font, bold: of('font-weight') === 'bold' }) / 1.05
    const share = { start: 0, middle: 0.5, end: 1 }[of('text-anchor') ?? 'start']!
    const [x, y] = [Number(of('x')), Number(of('y'))]
    const at = (value: number, axis: 'x' | 'y') => here[axis] + here.scale * value
    texts.push({
      content: words,
      left: at(x - share * width, 'x'),
      right: at(x + (1 - share) * width, 'x'),
      top: at(y - size * 0.73, 'y'),
      bottom: at(y + size * 0.1, 'y'),
    })
  }
  return texts
}

/** Returns the problems with the texts of a drawing: those that extend beyond it, and pairs that overlap. */
export function troubles(svg: string): string[] {
  const [, width = '0', height = '0'] = /viewBox="0 0 (\S+) (\S+)"/.exec(svg) ?? []
  const texts = textsOf(svg)
  const outside = texts
    .filter((t) => t.left < 0 || t.top < 0 || t.right > Number(width) || t.bottom > Number(height))
    .map(({ content }) => `outside: ${content}`)
  const over = texts.flatMap((a, i) =>
    texts
      .slice(i + 1)
      .filter((b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
      .map((b) => `${a.content} over ${b.content}`),
  )
  return [...outside, ...over]
}
