import { expect, test } from 'vitest'
import { convo, scratch } from './convo.ts'

const here = scratch('gray16.png')
const notes = async (...words: string[]) => {
  const [operation = '', ...more] = words
  const { status, stderr } = await convo([operation, 'gray16.png', 'out.png', ...more], { cwd: here.path() })
  expect(status).toBe(0)
  return stderr.split('\n').filter((line) => !line.includes('clipped') && line !== '')
}

test('an even size: where its anchor is, and that of other tools', async () => {
  const note = (size: string, at: string, other: string) => [
    `note: a kernel of ${size} has its anchor at ${at}, as in OpenCV and libvips; --anchor ${other} is that of PyTorch, and of ImageMagick and G'MIC where they correlate`,
  ]
  expect(await notes('conv2d', '--kernel', '1 1; 1 1', '--normalize')).toEqual(note('2x2', '1,1', '0,0'))
  expect(await notes('conv2d', '--kernel', '1 1 1 1', '--scale', '4')).toEqual(note('4x1', '2,0', '1,0'))
  expect(await notes('box', '--size', '4,3')).toEqual(note('4x3', '2,1', '1,1'))
})

test('nothing where the anchor is said, or the size is odd, or not the user’s', async () => {
  expect(await notes('conv2d', '--kernel', '1 1; 1 1', '--normalize', '--anchor', '0,0')).toEqual([])
  expect(await notes('conv2d', '--kernel', '2x2+1+1: 1 1 1 1', '--normalize', '--padding', 'valid')).toEqual([
    'note: the kernel is rotated by 180°, like -morphology Convolve does; --flip uses it as written, like -morphology Correlate',
  ])
  expect(await notes('box')).toEqual([])
  expect(await notes('roberts')).toEqual([])
})

test('nine numbers on one line: one row, and how a square is written', async () => {
  expect(await notes('conv2d', '--kernel', '1 2 1 2 4 2 1 2 1', '--normalize')).toEqual([
    'note: the 9 numbers were read as one row; put a semicolon after every 3 for a square',
  ])
  expect(await notes('conv2d', '--kernel', '1 2 1', '--normalize')).toEqual([])
  expect(await notes('conv2d', '--kernel', '[[1,2,1,2,4,2,1,2,1]]', '--normalize')).toEqual([])
})
