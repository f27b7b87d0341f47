import { describe, expect, it } from 'vitest'
import { asConvoError, ConvoError, errorCodes, formatError, invariant, nearest } from '../src/error.ts'

describe('ConvoError', () => {
  it('is an Error with a code, reasons and a remedy', () => {
    const cause = new Error('deeper')
    const error = new ConvoError('E_KERNEL_SHAPE', 'what', { why: ['one', 'two'], fix: 'this', cause })
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({
      name: 'ConvoError',
      code: 'E_KERNEL_SHAPE',
      message: 'what',
      why: ['one', 'two'],
      fix: 'this',
      cause,
    })
  })
  it('takes one reason as a string, and none at all', () => {
    expect(new ConvoError('E_SHAPE', 'what', { why: 'one' }).why).toEqual(['one'])
    const bare = new ConvoError('E_SHAPE', 'what')
    expect(bare.why).toEqual([])
    expect(bare.fix).toBeUndefined()
    for (const part of ['cause', 'instead']) expect(bare).not.toHaveProperty(part)
    const meant = new ConvoError('E_NAME', 'what', { instead: ['amont', 'amount'] })
    expect(meant).toMatchObject({ fix: 'amount', instead: ['amont', 'amount'] })
  })
  it('is cut where it is longer than anybody reads, and suggests nothing that was cut', () => {
    const long = 'x'.repeat(1e5)
    const error = new ConvoError('E_NAME', `no ${long} here`, {
      why: Array.from({ length: 1e4 }, () => `a ${long}`),
      fix: `convo ${long}`,
    })
    expect(error.message).toBe(`no ${'x'.repeat(199)}… here`)
    expect(error.why.slice(-2)).toEqual([`a ${'x'.repeat(199)}…`, 'and 9940 more lines'])
    expect(error.fix).toBeUndefined()
    const path = 'folder/'.repeat(60)
    expect(new ConvoError('E_INPUT', path, { fix: `mkdir -p ${path}` })).toMatchObject({
      message: path,
      fix: `mkdir -p ${path}`,
    })
    expect(new ConvoError('E_NAME', 'many words '.repeat(1e4)).message).toHaveLength(4000)
  })
  it('has codes that look alike, each with its meaning', () => {
    for (const [code, meaning] of Object.entries(errorCodes)) {
      expect(code).toMatch(/^E_[A-Z]+(_[A-Z]+)*$/)
      expect(meaning).toMatch(/^[a-z].*[^.]$/)
    }
  })
  it('has these codes, which scripts rely on', () => {
    expect(Object.keys(errorCodes)).toEqual(
      expect.arrayContaining([
        ...['E_USAGE', 'E_OPTION', 'E_NAME', 'E_ARGUMENT', 'E_SHAPE', 'E_KERNEL_SYNTAX', 'E_KERNEL_SHAPE'],
        ...['E_KERNEL_VALUE', 'E_KERNEL_FILE', 'E_KERNEL_FORMAT', 'E_INPUT', 'E_DECODE', 'E_OUTPUT'],
        ...['E_IN_PLACE', 'E_TOO_LARGE', 'E_MEMORY', 'E_WORKER', 'E_INTERNAL'],
      ]),
    )
  })
})

describe('an error as it is printed', () => {
  it('says what, why and what to try', () => {
    const error = new ConvoError(
      'E_KERNEL_SHAPE',
      'kernel size must match the weights, got 9 numbers for 3x4',
      { why: 'kernels/blur.txt:1:1: the header says 3x4 = 12 numbers', fix: '3x3, or add the missing row' },
    )
    expect(formatError(error)).toBe(
      [
        'error: kernel size must match the weights, got 9 numbers for 3x4   [E_KERNEL_SHAPE]',
        '  kernels/blur.txt:1:1: the header says 3x4 = 12 numbers',
        '  try: 3x3, or add the missing row',
      ].join('\n'),
    )
  })
  it('is one line where there is no more to say', () => {
    expect(formatError(new ConvoError('E_USAGE', 'nothing to do'))).toBe('error: nothing to do   [E_USAGE]')
  })
})

describe('invariant', () => {
  it('passes what holds and calls the rest a bug', () => {
    expect(() => invariant(1, 'never')).not.toThrow()
    for (const broken of [false, 0, '', undefined, null]) {
      expect(() => invariant(broken, 'a strip has rows')).toThrow(
        expect.objectContaining({ code: 'E_INTERNAL', message: 'a strip has rows' }),
      )
    }
  })
})

describe('nearest', () => {
  const words = ['sobel', 'sharpen', 'scharr', 'gaussian', 'box']
  it.each([
    ['sobl', 'sobel'],
    ['soble', 'sobel'],
    ['SOBEL', 'sobel'],
    ['sobell', 'sobel'],
    ['gausian', 'gaussian'],
    ['gaussain', 'gaussian'],
    ['bos', 'box'],
    ['scharp', 'scharr'],
  ])('takes %s for %s', (word, meant) => expect(nearest(word, words)).toBe(meant))
  it('does not guess when nothing is near', () => {
    for (const word of ['emboss', 'x', '', 'obox ab', 'gauze']) expect(nearest(word, words)).toBeUndefined()
    expect(nearest('sobel', [])).toBeUndefined()
  })
  it('takes the first of those that are equally near', () => {
    expect(nearest('bat', ['bad', 'cat'])).toBe('bad')
  })
})

describe('asConvoError', () => {
  it('keeps what is one, knows lack of memory, and calls the rest a bug', () => {
    const own = new ConvoError('E_INPUT', 'gone')
    expect(asConvoError(own)).toBe(own)
    for (const text of [
      'WebAssembly.Memory(): could not allocate memory',
      'Array buffer allocation failed',
    ]) {
      expect(asConvoError(new RangeError(text))).toMatchObject({ code: 'E_MEMORY', why: [text] })
    }
    expect(asConvoError(new RangeError('Maximum call stack size exceeded')).code).toBe('E_INTERNAL')
    expect(asConvoError('text')).toMatchObject({ code: 'E_INTERNAL', message: 'text' })
    const gone = Object.assign(new Error('ENOENT: uv_cwd'), { code: 'ENOENT', syscall: 'uv_cwd' })
    expect(asConvoError(gone)).toMatchObject({ code: 'E_INPUT', message: 'the current folder was removed' })
  })
})
