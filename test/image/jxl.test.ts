import { describe, expect, it } from 'vitest'
import { isGrayJxl } from '../../src/image/jxl.ts'

// The first bytes of what cjxl 0.11 makes.

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'))
const grayAlpha = 'ff0ae830b0282e04080810007d194b3841750b74'

describe('what a JPEG XL says of its colours', () => {
  it.each([
    ['gray, lossless', true, 'ff0acb40505c080802010098014b3841e64d757c'],
    ['gray of 16 bits, lossy', true, 'ff0ae00048e027292e040012880200ac0c435919'],
    ['gray and alpha', true, grayAlpha],
    [
      'gray and alpha, in boxes',
      true,
      `0000000c4a584c200d0a870a00000014667479706a786c20000000006a786c2000000a756a786c63${grayAlpha}`,
    ],
    ['colours that are all equal, lossless', false, 'ff0ae000488080e2420802010048014b2834161e'],
    ['colours, lossy', false, 'ff0ae000488084e242001288020034057d842000'],
    ['colours and alpha', false, 'ff0afbc082e2420808100035090000007eab0149'],
    ['boxes without a picture', false, '0000000c4a584c200d0a870a00000014667479706a786c20000000006a786c20'],
    ['boxes of no length', false, '0000000c4a584c200d0a870a0000000066747970'.padEnd(80, '0')],
  ])('%s', (_, isGray, hex) => {
    expect(isGrayJxl(bytes(hex))).toBe(isGray)
  })

  it('a header that is cut off says nothing', () => {
    for (let length = 0; length < 6; length++) {
      expect(isGrayJxl(bytes(grayAlpha).subarray(0, length))).toBe(false)
    }
  })
})
