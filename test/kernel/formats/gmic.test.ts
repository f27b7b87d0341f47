import { describe, expect, test } from 'vitest'
import { gmic } from '../../../src/kernel/formats/gmic.ts'
import { read, refusal, survivesDamage, survivesLength } from './reading.ts'

test('a plane: commas across, semicolons down', () => {
  expect(read(gmic, '(-1,0,1;-2,0,2;-1,0,1)')).toEqual({
    shape: [3, 3],
    weights: [-1, 0, 1, -2, 0, 2, -1, 0, 1],
  })
})

test('channels: [C,kH,kW]', () => {
  expect(read(gmic, ' ( 1 , 2 , 3 ^ 4 , 5 , 6 ) \n')).toEqual({
    shape: [2, 1, 3],
    weights: [1, 2, 3, 4, 5, 6],
  })
})

test('slices: a 3-D bank of one filter, [1,C,kD,kH,kW]', () => {
  expect(read(gmic, '(1/2/3)')).toEqual({ shape: [1, 1, 3, 1, 1], weights: [1, 2, 3] })
  expect(read(gmic, '(1,2,3;4,5,6/7,8,9;10,11,12^13,14,15;16,17,18/19,20,21;22,23,24)')).toEqual({
    shape: [1, 2, 2, 2, 3],
    weights: Array.from({ length: 24 }, (_, i) => i + 1),
    anchor: [0, 1],
  })
})

test('an even kernel has its anchor at floor((k-1)/2)', () => {
  expect(read(gmic, '(1,2;3,4^5,6;7,8)')).toEqual({
    shape: [2, 2, 2],
    weights: [1, 2, 3, 4, 5, 6, 7, 8],
    anchor: [0, 0],
  })
})

describe('what is refused', () => {
  test.each([
    ['1,2', 'E_KERNEL_SYNTAX k:1:1: expected "(", found "1"'],
    ['(1,2', 'E_KERNEL_SYNTAX k:1:5: expected "," ";" "/" "^" or ")", found the end of the file'],
    ['(1,2) x', 'E_KERNEL_SYNTAX k:1:7: expected the end after ")", found "x"'],
    ['(1,2:y)', 'E_KERNEL_SYNTAX k:1:5: expected "," ";" "/" "^" or ")", found ":"'],
    ['()', 'E_KERNEL_SYNTAX k:1:2: expected a number, found ")"'],
    ['(1,)', 'E_KERNEL_SYNTAX k:1:4: expected a number, found ")"'],
    ['(1,2;3)', 'E_KERNEL_SHAPE k:1:7: expected a row of 2, found the end of one of 1'],
    ['(1,2;\n3,4,5)', 'E_KERNEL_SHAPE k:2:6: expected a row of 2, found the end of one of 3'],
    ['(1;2/3)', 'E_KERNEL_SHAPE k:1:7: expected a slice of 2, found the end of one of 1'],
    ['(1/2^3)', 'E_KERNEL_SHAPE k:1:7: expected a channel of 2, found the end of one of 1'],
    ['(1,nan)', 'E_KERNEL_VALUE k:1:4: expected a number between -3.4e38 and 3.4e38, found "nan"'],
  ])('%j', (text, expected) => {
    expect(refusal(gmic, text)).toBe(expected)
  })
})

test('damaged files give kernels or errors of kernels', () => {
  survivesDamage(gmic, ['(-1,0,1;-2,0,2;-1,0,1)', '(1,2;3,4/5,6;7,8^1,2;3,4/5,6;7,8)'])
})

test('long files give no long wait', () => {
  survivesLength(gmic)
})
