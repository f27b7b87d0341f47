import { describe, expect, test } from 'vitest'
import { svg } from '../../../src/kernel/formats/svg.ts'
import { failure } from '../expect-failure.ts'
import { encode, read, readAll, refusal, survivesDamage, survivesLength } from './reading.ts'

const fe = (attributes: string) => `<feConvolveMatrix ${attributes}/>`

describe('the element alone', () => {
  test('as it is written, the anchor of an even size to be turned with it', () => {
    expect(read(svg, fe('order="3 2" kernelMatrix="1 2 3 4 5 6" divisor="1"'))).toEqual({
      shape: [2, 3],
      weights: [1, 2, 3, 4, 5, 6],
      anchor: [0, 1],
      border: 'replicate',
    })
  })

  test('order is 3 unless it says otherwise, one number for both sizes', () => {
    expect(read(svg, fe('kernelMatrix="1 2 3 4 5 6 7 8 9"')).shape).toEqual([3, 3])
    expect(read(svg, fe('order="2" kernelMatrix="1,2, 3 ,4"')).shape).toEqual([2, 2])
  })

  test.each([
    ['the sum', '1 2 3 4', '', 10],
    ['1 where that is 0', '-1 1 2 -2', '', undefined],
    ['what it says', '1 2 3 4', 'divisor="4"', 4],
    ['the sum where it says 0', '1 2 3 4', 'divisor="0"', 10],
    ['negative sums too', '-1 -1 -1 -1', '', -4],
  ])('the divisor: %s', (_, matrix, more, scale) => {
    expect(read(svg, fe(`order="2" kernelMatrix="${matrix}" ${more}`)).scale).toBe(scale)
  })

  test('bias counts in 0..1, the offset in 0..255', () => {
    expect(read(svg, fe('order="1" kernelMatrix="1" bias=".5"')).offset).toBe(127.5)
  })

  test('targetX and targetY are the anchor in the turned matrix', () => {
    // In SVG, the result at x uses the source at x - targetX + j with the weight at order - 1 - j.
    expect(read(svg, fe('order="3 1" kernelMatrix="1 2 3" targetX="0" targetY="0"'))).toMatchObject({
      weights: [1, 2, 3],
      anchor: [0, 2],
    })
    expect(read(svg, fe('order="3 1" kernelMatrix="1 2 3" targetX="1"')).anchor).toBeUndefined()
  })

  test.each([
    ['duplicate', 'replicate'],
    ['wrap', 'wrap'],
    ['none', 'constant'],
  ])('edgeMode %s is the border %s', (mode, border) => {
    expect(read(svg, fe(`order="1" kernelMatrix="1" edgeMode="${mode}"`)).border).toBe(border)
  })

  test('preserveAlpha is noted', () => {
    expect(read(svg, fe('order="1" kernelMatrix="1" preserveAlpha="true"')).summary).toBe(
      'feConvolveMatrix with preserveAlpha="true"',
    )
  })

  test('kernelUnitLength 1 is a pixel', () => {
    expect(read(svg, fe('order="1" kernelMatrix="1" kernelUnitLength="1 1"')).weights).toEqual([1])
  })
})

test('the elements of a document, by id or result', () => {
  const text = `<?xml version="1.0"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns="http://www.w3.org/2000/svg" xmlns:s="http://www.w3.org/2000/svg">
  <!-- <feConvolveMatrix/> -->
  <title>a &lt; b</title><style><![CDATA[ a > b { } ]]></style>
  <filter id="f"><feConvolveMatrix id="a&amp;b" result="x" order="1" kernelMatrix="2"></feConvolveMatrix>
  <s:feConvolveMatrix result='c' order='1' kernelMatrix='
    3 '/><feConvolveMatrix order="1" kernelMatrix="4"/></filter>
</svg>`
  expect(readAll(svg, text).map(({ name, weights }) => [name, weights])).toEqual([
    ['a&b', [2]],
    ['c', [3]],
    [undefined, [4]],
  ])
})

describe('what is refused', () => {
  test.each([
    [
      fe('order="3"'),
      'E_KERNEL_SYNTAX k:1:1: expected the attribute kernelMatrix, found feConvolveMatrix without it',
    ],
    [fe('kernelMatrix="1 2"'), 'E_KERNEL_SHAPE k:1:33: expected 3x3 = 9 numbers, found 2'],
    [fe('kernelMatrix="1\n x"'), 'E_KERNEL_SYNTAX k:2:2: expected a number, found "x"'],
    [fe('kernelMatrix="1,,2"'), 'E_KERNEL_SYNTAX k:1:35: expected a number, found ","'],
    [fe('kernelMatrix="1,2,"'), 'E_KERNEL_SYNTAX k:1:37: expected a number, found "\\""'],
    [fe('kernelMatrix="1;2"'), 'E_KERNEL_SYNTAX k:1:34: expected a comma or a blank, found ";"'],
    [
      fe('order="0" kernelMatrix="1"'),
      'E_KERNEL_SHAPE k:1:26: expected a whole number of at least 1, found 0',
    ],
    [
      fe('order="1 1 1" kernelMatrix="1"'),
      'E_KERNEL_SYNTAX k:1:26: expected one or two numbers for order, found 3 numbers',
    ],
    [
      fe('order="" kernelMatrix="1"'),
      'E_KERNEL_SYNTAX k:1:26: expected one or two numbers for order, found 0 numbers',
    ],
    [
      fe('order="1" kernelMatrix="1" divisor="1 2"'),
      'E_KERNEL_SYNTAX k:1:55: expected one number for divisor, found 2 numbers',
    ],
    [
      fe('order="1" kernelMatrix="1" targetX="1"'),
      'E_KERNEL_SHAPE k:1:55: expected a position inside the kernel, found 1',
    ],
    [
      fe('order="1" kernelMatrix="1" edgeMode="mirror"'),
      'E_KERNEL_VALUE k:1:56: expected duplicate, wrap, none, found "mirror"',
    ],
    [fe('order="1" kernelMatrix="1" kernelUnitLength="2"'), 'E_KERNEL_VALUE k:1:64: expected 1, found 2'],
    [
      fe('order="1" kernelMatrix="1e40"'),
      'E_KERNEL_VALUE k:1:43: expected a number between -3.4e38 and 3.4e38, found "1e40"',
    ],
    [fe('order="1" order="1"'), 'E_KERNEL_SYNTAX k:1:29: expected each attribute once, found order again'],
    ['<svg/>', 'E_KERNEL_FILE k:1:1: expected <feConvolveMatrix> in the document, found none'],
    ['<a><b></a>', 'E_KERNEL_SYNTAX k:1:7: expected </b>, found </a>'],
    ['<a>', 'E_KERNEL_SYNTAX k:1:4: expected </a>, found the end of the file'],
    ['<a/><b/>', 'E_KERNEL_SYNTAX k:1:5: expected one root element, found a second, b'],
    ['</a>', 'E_KERNEL_SYNTAX k:1:1: expected no closing tag here, found </a>'],
    ['<a b/>', 'E_KERNEL_SYNTAX k:1:5: expected "=", found "/"'],
    ['<a b=c/>', 'E_KERNEL_SYNTAX k:1:6: expected a value in quotes, found "c"'],
    [
      '<a b="c/>',
      'E_KERNEL_SYNTAX k:1:7: expected a closing quote to end what starts here, found the end of the file',
    ],
    ['<a b="1"c="2"/>', 'E_KERNEL_SYNTAX k:1:9: expected a blank, ">" or "/>", found "c"'],
    ['<!-- a', 'E_KERNEL_SYNTAX k:1:1: expected "-->" to end what starts here, found the end of the file'],
    ['< a/>', 'E_KERNEL_SYNTAX k:1:2: expected the name of an element, found " "'],
    ['a <a/>', 'E_KERNEL_SYNTAX k:1:1: expected "<", found "a"'],
    [
      fe('order="1" kernelMatrix="1" id="&no;"'),
      'E_KERNEL_SYNTAX k:1:50: expected an entity such as &amp; or &#65;, found "&no;"',
    ],
  ])('%j', (text, expected) => {
    expect(refusal(svg, text)).toBe(expected)
  })

  test('entities of its own: they are how small files become large', () => {
    const { code, why } = failure(() => svg.read(encode('<!DOCTYPE a [<!ENTITY b "bbbb">]><a/>'), 'k'))
    expect([code, ...why]).toEqual(['E_KERNEL_FORMAT', 'k:1:1: expected none, or one without ['])
  })
})

test('damaged files give kernels or errors of kernels', () => {
  survivesDamage(svg, [
    fe(
      'order="3 1" kernelMatrix="1 2 3" divisor="2" bias="0.5" targetX="0" edgeMode="wrap" preserveAlpha="false" id="a"',
    ),
    '<?xml version="1.0"?><!-- c --><svg><f><feConvolveMatrix order="1" kernelMatrix="1" id="&#65;"></feConvolveMatrix></f></svg>',
  ])
})

test('long files give no long wait', () => {
  survivesLength(svg)
})
