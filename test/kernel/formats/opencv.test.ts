import { describe, expect, test } from 'vitest'
import { opencv } from '../../../src/kernel/formats/opencv.ts'
import { failure } from '../expect-failure.ts'
import { encode, plain, read, readAll, refusal, survivesDamage, survivesLength } from './reading.ts'

const sobel = { name: 'k', shape: [3, 3], weights: [-1, 0, 1, -2, 0, 2, -1, 0, 1] }

// As written by cv::FileStorage.
const xml = `<?xml version="1.0"?>
<opencv_storage>
<count>3</count>
<k type_id="opencv-matrix">
  <rows>3</rows>
  <cols>3</cols>
  <dt>f</dt>
  <data>
    -1. 0. 1. -2. 0. 2. -1. 0.
    1.</data></k>
</opencv_storage>
`
const yaml = `%YAML:1.0
---
count: 3
k: !!opencv-matrix
   rows: 3
   cols: 3
   dt: f
   data: [ -1., 0., 1., -2., 0., 2., -1.,
       0., 1. ]
`
const json = `{
    "count": 3,
    "k": {
        "type_id": "opencv-matrix",
        "rows": 3,
        "cols": 3,
        "dt": "f",
        "data": [ -1.0, 0.0, 1.0, -2.0, 0.0, 2.0, -1.0, 0.0, 1.0 ]
    }
}
`

test.each([
  ['XML', xml],
  ['YAML', yaml],
  ['JSON', json],
  ['JSON of older versions, whose numbers end in a point', json.replaceAll('.0', '.')],
  ['lines of Windows', yaml.replaceAll('\n', '\r\n')],
])('%s', (_, text) => {
  expect(read(opencv, text)).toEqual(sobel)
})

// As written by cv::FileStorage with the flag BASE64: 24 bytes that begin with `1f`, then nine float32.
const digits = 'MWYgICAgICAgICAgICAgICAgICAgICAgAACAvwAAAAAAAIA/AAAAwAAAAAAAAABA'
const rest = 'AACAvwAAAAAAAIA/'
const binary = {
  xml: xml.replace(/<data>[^<]*/, `<data type_id="binary">\n    ${digits}\n    ${rest}\n    `),
  yaml: yaml.replace(/data: [^\]]*\]/, `data: !!binary |\n      ${digits}\n      ${rest}`),
  json: json.replace(/\[[^\]]*\]/, `"$base64$${digits}${rest}"`),
}

describe('numbers in Base64', () => {
  test.each(Object.entries(binary))('%s', (_, text) => {
    expect(read(opencv, text)).toEqual(sobel)
  })

  test.each([
    [binary.xml.replace('MWYg', 'M*Yg'), 'E_KERNEL_SYNTAX k:9:6: expected Base64, found "*"'],
    [
      binary.xml.replace(`${rest}\n`, `${rest}AAAA\n`),
      'E_KERNEL_SHAPE k:9:5: expected 9 x 4 bytes, found 39',
    ],
    [
      binary.yaml.replace('MWYg', 'MWQg'),
      'E_KERNEL_SYNTAX k:9:7: expected binary data of the type f, as dt says, found "1d"',
    ],
    [
      binary.json.replace(rest, rest.slice(1)),
      'E_KERNEL_SYNTAX k:8:26: expected Base64 in groups of four, found 79 characters',
    ],
  ])('damaged: %#', (text, why) => {
    expect(refusal(opencv, text)).toBe(why)
  })

  test('damaged files give kernels or errors of kernels', () => {
    survivesDamage(opencv, Object.values(binary))
  })
})

test('comments in JSON are passed over, but not in strings', () => {
  const text = json
    .replace(
      '"count": 3,',
      '// several\n    // lines\n    "count": 3, /* and\n more */ "words": "no // comment, /* \\" none",',
    )
    .replace(/\}\s*$/, '    // the last\n}\n')
  expect(read(opencv, text)).toEqual(sobel)
  expect(refusal(opencv, text.replace('"rows": 3', '"rows": /* 3 */ 0'))).toBe(
    'E_KERNEL_SHAPE k:8:25: expected a whole number of at least 1, found 0',
  )
})

describe('several matrices', () => {
  const several = `%YAML:1.0
---
"my row": !!opencv-matrix
   rows: 1
   cols: 2
   dt: d
   data: [ 1.5, -2e-3 ]
group:
   inner: !!opencv-matrix
      rows: 1
      cols: 1
      dt: u
      data: [ 255 ]
list:
   - !!opencv-matrix
      rows: 1
      cols: 1
      dt: i
      data: [ -7 ]
`

  test('each by the name of its node', () => {
    expect(readAll(opencv, several)).toEqual([
      { name: 'my row', shape: [1, 2], weights: [1.5, -0.002] },
      { name: 'inner', shape: [1, 1], weights: [255] },
      { shape: [1, 1], weights: [-7] },
    ])
  })

  test('one by name or number', () => {
    expect(opencv.read(encode(several), 'k', 'inner').map(plain)).toEqual([
      { name: 'inner', shape: [1, 1], weights: [255] },
    ])
    expect(opencv.read(encode(several), 'k', '3').map(plain)).toEqual([{ shape: [1, 1], weights: [-7] }])
    const { code, why, fix } = failure(() => opencv.read(encode(several), 'k', 'inne'))
    expect([code, ...why, fix]).toEqual(['E_KERNEL_FILE', 'k has my row, inner', 'k#inner'])
  })

  test('one that is asked for is read beside others that could not be', () => {
    const text = json.replace('"count": 3', '"big": { "type_id": "opencv-nd-matrix", "sizes": [2, 3, 3] }')
    expect(opencv.read(encode(text), 'k', 'k').map(plain)).toEqual([sobel])
    expect(failure(() => opencv.read(encode(text), 'k')).code).toBe('E_KERNEL_SHAPE')
  })

  test('within groups of XML and JSON', () => {
    const inner = '<a><b type_id="opencv-matrix"><rows>1</rows><cols>1</cols><dt>f</dt><data>1</data></b></a>'
    expect(read(opencv, `<opencv_storage>${inner}</opencv_storage>`).name).toBe('b')
    expect(read(opencv, `{ "a": { "b": [${json.slice(json.indexOf('{', 2), -2)}] } }`)).toEqual({
      ...sobel,
      name: undefined,
    })
  })
})

describe('what is refused', () => {
  const swap = (text: string, from: string, to: string) => {
    expect(text).toContain(from)
    return text.replace(from, to)
  }

  test.each([
    [swap(yaml, 'cols: 3', 'cols: 4'), 'E_KERNEL_SHAPE k:8:11: expected 3 rows of 4 = 12 numbers, found 9'],
    [
      swap(yaml, 'rows: 3', 'rows: 0'),
      'E_KERNEL_SHAPE k:5:10: expected a whole number of at least 1, found 0',
    ],
    [
      swap(yaml, 'rows: 3', 'rows: 3 3'),
      'E_KERNEL_SYNTAX k:5:10: expected one number for rows, found several',
    ],
    [swap(yaml, 'rows: 3', 'rows:'), 'E_KERNEL_SYNTAX k:5:9: expected one number for rows, found none'],
    [
      swap(yaml, '   rows: 3\n', ''),
      'E_KERNEL_SYNTAX k:4:1: expected rows in the matrix k, found a matrix without it',
    ],
    [
      swap(yaml, 'dt: f', 'dt: 3f'),
      'E_KERNEL_FORMAT k:7:8: expected numbers of one channel, found several channels',
    ],
    [
      swap(yaml, 'dt: f', 'dt: "2d"'),
      'E_KERNEL_FORMAT k:7:8: expected numbers of one channel, found several channels',
    ],
    [swap(yaml, 'dt: f', 'dt: q'), 'E_KERNEL_FORMAT k:7:8: expected numbers of one channel, found "q"'],
    [
      swap(yaml, 'dt: f', 'dt: u'),
      'E_KERNEL_VALUE k:8:12: expected a whole number from 0 to 255, as dt says, found -1',
    ],
    [
      swap(yaml, '-2.', '.Nan'),
      'E_KERNEL_VALUE k:8:25: expected a number between -3.4e38 and 3.4e38, found ".Nan"',
    ],
    [
      swap(yaml, '-2.', '-.Inf'),
      'E_KERNEL_VALUE k:8:25: expected a number between -3.4e38 and 3.4e38, found "-.Inf"',
    ],
    [swap(yaml, '-2.', 'x'), 'E_KERNEL_SYNTAX k:8:25: expected a number, found "x"'],
    [swap(yaml, ' ]', ''), 'E_KERNEL_SYNTAX k:10:1: expected "]", found the end of the file'],
    [swap(yaml, 'cols: 3', 'rows: 3'), 'E_KERNEL_SYNTAX k:6:4: expected each field once, found rows again'],
    [
      swap(yaml, '!!opencv-matrix', '!!opencv-matrix {'),
      'E_KERNEL_SYNTAX k:4:1: expected name: !!opencv-matrix, found "k"',
    ],
    [
      swap(swap(yaml, 'opencv-matrix', 'opencv-nd-matrix'), 'rows: 3', 'sizes: [ 2, 3, 3 ]'),
      'E_KERNEL_SHAPE k:5:12: expected rows and cols, found sizes, which do not distinguish channels from depth',
    ],
    ['%YAML:1.0\n---\na: 1\n', 'E_KERNEL_FILE k:1:1: expected an opencv-matrix in the file, found none'],
    [swap(xml, '<cols>3', '<cols>4'), 'E_KERNEL_SHAPE k:8:9: expected 3 rows of 4 = 12 numbers, found 9'],
    [swap(xml, '-2.', '-2.x'), 'E_KERNEL_SYNTAX k:9:15: expected a number, found "-2.x"'],
    [
      swap(xml, '-2.', '<!-- -->-2.'),
      'E_KERNEL_SYNTAX k:9:23: expected one piece of text in <data>, found another',
    ],
    [swap(xml, '</k>', '</l>'), 'E_KERNEL_SYNTAX k:10:14: expected </k>, found </l>'],
    ['<svg/>', 'E_KERNEL_SYNTAX k:1:1: expected <opencv_storage>, found <svg>'],
    [swap(json, '-2.0', '"x"'), 'E_KERNEL_SYNTAX k:8:35: expected a number, found "\\""'],
    [
      swap(json, '"rows": 3', '"rows": [3, 3]'),
      'E_KERNEL_SYNTAX k:5:18: expected one number for rows, found several',
    ],
    [
      swap(json, '"dt": "f"', '"dt": true'),
      'E_KERNEL_FORMAT k:7:15: expected numbers of one channel, found "t"',
    ],
  ])('%j', (text, expected) => {
    expect(refusal(opencv, text)).toBe(expected)
  })
})

test('content tells it from the rest of XML and JSON', () => {
  for (const text of [xml, yaml, json]) expect(opencv.sniff(encode(text))).toBe(true)
  for (const text of ['<svg/>', '{ "weights": [[1]] }', '[[1]]', '1 2 3', '']) {
    expect(opencv.sniff(encode(text))).toBe(false)
  }
})

test('damaged files give kernels or errors of kernels', () => {
  survivesDamage(opencv, [xml, yaml, json])
})

test('long files give no long wait', () => {
  survivesLength(opencv)
})
