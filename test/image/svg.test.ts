import { describe, expect, it } from 'vitest'
import { decode, readHeader } from '../../src/image/decode.ts'
import { failure } from './pictures.ts'

const options = { maxPixels: 1e6, orient: true, name: 'x.svg' }
const svg = (attributes: string, body = '<rect width="9" height="9"/>', before = '') =>
  new TextEncoder().encode(
    `${before}<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ${attributes}>${body}</svg>`,
  )
const small = 'width="100" height="100"'

describe('the size of an SVG', () => {
  it.each([
    ['width="20" height="10"', 20, 10],
    ["width='2e1' height='1e1px'", 20, 10],
    ['width="1in" height="36pt"', 72, 36],
    ['viewBox="0 0 30 40"', 30, 40],
    ['width="100%" height="100%" viewBox="0,0,30,40"', 30, 40],
  ])('is read from %s', async (attributes, width, height) => {
    expect(await readHeader(svg(attributes), options)).toMatchObject({ width, height })
  })

  it.each([
    'width="1073741861" height="1"',
    'width="1e9" height="1e9"',
    'viewBox="0 0 1e5 1e5"',
    'width="2000in" height="20in"',
  ])('is refused before it is drawn: %s', async (attributes) => {
    const error = await failure('E_TOO_LARGE', () => decode(svg(attributes), options))
    expect(error.why[0]).toMatch(/^x\.svg: \d+x\d+ is \d+ pixels, the limit is 1000000$/)
  })

  it('is refused where a side is longer than is drawn, whatever the pixels', async () => {
    await failure('E_TOO_LARGE', () =>
      decode(svg('width="1073741861" height="1"'), { ...options, maxPixels: 1e12 }),
    )
  })

  it('must be stated by one that draws far', async () => {
    const error = await failure('E_DECODE', () => decode(svg('', '<rect width="1e9" height="3"/>'), options))
    expect(error.message).toBe('x.svg has no size, and its drawing extends to 1e9')
    expect(await readHeader(svg('', '<rect width="9" height="3"/>'), options)).toMatchObject({
      width: 9,
      height: 3,
    })
  })
})

describe('what an SVG draws', () => {
  const filter = (primitive: string) =>
    `<filter id="f">${primitive}</filter><rect width="9" height="9" filter="url(#f)"/>`
  const large = 'width="5000" height="5000"'

  it.each([
    ['an attribute', filter('<feTurbulence numOctaves="90"/>')],
    ['a style', '<filter id="f"><feMorphology radius="200"/></filter><rect style="filter:url(#f)"/>'],
    [
      'a style sheet',
      '<style>.a{filter:url("#f")}</style><filter id="f"><feConvolveMatrix order="30"/></filter><g class="b a"/>',
    ],
    [
      'a drawing in it',
      `<image href="data:image/svg+xml;base64,${Buffer.from(svg('', filter('<feTurbulence numOctaves="9"/>'))).toString('base64')}"/>`,
    ],
    ['an entity', filter('<feConvolveMatrix order="&n;"/>'), '<!DOCTYPE svg [<!ENTITY n "31">]>'],
  ])('is refused for filters by their cost, from %s', async (_, body, before = '') => {
    const error = await failure('E_TOO_LARGE', () =>
      decode(svg(large, body, before), { ...options, maxPixels: 1e9 }),
    )
    expect(error.message).toBe('x.svg has more steps of its filters than allowed')
  })

  it('is refused for repeating itself too often', async () => {
    const groups = Array.from(
      { length: 12 },
      (_, i) => `<g id="g${i + 1}">${`<use href="#g${i}"/>`.repeat(10)}</g>`,
    ).join('')
    const body = `<rect id="g0" width="1" height="1"/>${groups}<use xlink:href="#g12"/>`
    const error = await failure('E_TOO_LARGE', () => decode(svg(small, body), options))
    expect(error.message).toBe('x.svg has more elements than allowed')
    const chain = Array.from(
      { length: 60 },
      (_, i) => `<g id="h${60 - i}"><use href="#h${59 - i}"/></g>`,
    ).join('')
    await failure('E_TOO_LARGE', () => decode(svg(small, `<rect id="h0"/>${chain}`), options))
  })

  it('is refused for entities that hold markup', async () => {
    const bomb = '<!DOCTYPE svg [<!ENTITY a "<g/>"><!ENTITY b "&a;&a;">]>'
    const error = await failure('E_DECODE', () => decode(svg(small, '&b;', bomb), options))
    expect(error.message).toBe('x.svg has entities with markup or external files, which convo does not read')
  })

  it('is refused for a picture in it that is too large', async () => {
    const png = Buffer.alloc(40)
    png.write('\x89PNG\r\n\x1a\n', 'latin1')
    png.writeUInt32BE(60_000, 16)
    png.writeUInt32BE(60_000, 20)
    const error = await failure('E_TOO_LARGE', () =>
      decode(svg(small, `<image href="data:image/png;base64,${png.toString('base64')}"/>`), options),
    )
    expect(error.message).toBe('a picture in x.svg has more pixels than allowed')
  })

  it('is told where it is in other files', async () => {
    const header = await readHeader(svg(small, '<image href="a.png"/><image href="b.png"/>'), options)
    expect(header.notes).toEqual(['x.svg refers to other files, which were not drawn: a.png and 1 more'])
    const other = await readHeader(svg(small, '<image href=""/><image href="b.png"/>'), options)
    expect(other.notes).toEqual(['x.svg refers to other files, which were not drawn: b.png'])
  })

  it('is drawn where it is plain: gradients, shadows, symbols used often', async () => {
    const body = `<defs><linearGradient id="l"/><filter id="s"><feDropShadow stdDeviation="2"/></filter><symbol id="c"><circle r="3"/></symbol></defs>
      <!-- a > in a comment --><rect width="50" height="50" fill="url(#l)" filter="url(#s)"/>${'<use href="#c" x="5"/>'.repeat(500)}`
    expect(await decode(svg(small, body, '<?xml version="1.0"?>\n'), options)).toMatchObject({
      width: 100,
      height: 100,
      notes: [],
    })
  })

  it('may be nested deeply', async () => {
    const deep = `${'<g>'.repeat(200)}<rect width="1" height="1"/>${'</g>'.repeat(200)}`
    expect(await decode(svg(small, deep), options)).toMatchObject({ width: 100 })
  })
})
