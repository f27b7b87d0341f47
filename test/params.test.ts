import { describe, expect, it } from 'vitest'
import { ConvoError } from '../src/error.ts'
import {
  choice,
  custom,
  expected,
  flag,
  integer,
  number,
  numbers,
  type Param,
  resolve,
  text,
} from '../src/params.ts'

const parse = <T>(param: Param<T>, given: unknown) => param.parse(given, '--it')
const refuses = (param: Param<unknown>, given: unknown, message: string) => {
  expect(() => parse(param, given)).toThrow(expect.objectContaining({ code: 'E_OPTION', message }))
}

describe('number', () => {
  const param = number('width', 1, { min: 0.5, max: 10 })
  it('takes numbers and their text', () => {
    expect(parse(param, 2.5)).toBe(2.5)
    expect(parse(param, '2.5')).toBe(2.5)
    expect(parse(param, ' 1e0 ')).toBe(1)
    expect(parse(param, 0.5)).toBe(0.5)
    expect(parse(param, '10')).toBe(10)
  })
  it.each([
    ['wide', '--it must be a number, got "wide"'],
    ['', '--it must be a number, got ""'],
    [' ', '--it must be a number, got " "'],
    ['1,5', '--it must be a number, got "1,5"'],
    ['NaN', '--it must be a number, got "NaN"'],
    ['Infinity', '--it must be a number, got "Infinity"'],
    [true, '--it must be a number, got true'],
    [null, '--it must be a number, got null'],
    [Number.NaN, '--it must be a number, got NaN'],
    [Number.POSITIVE_INFINITY, '--it must be a number, got Infinity'],
    [[1], '--it must be a number, got [1]'],
    [0.4, '--it must be from 0.5 to 10, got 0.4'],
    ['11', '--it must be from 0.5 to 10, got 11'],
  ])('refuses %j', (given, message) => refuses(param, given, message))
  it('says one bound where there is one', () => {
    refuses(number('n', 1, { min: 0 }), -1, '--it must be at least 0, got -1')
    refuses(number('n', 1, { max: 3 }), 4, '--it must be at most 3, got 4')
    expect(parse(number('n', 1), -1e38)).toBe(-1e38)
    refuses(number('n', 1), -1e300, '--it must be a number that float32 holds, got -1e+300')
    refuses(
      number('n', 1, { min: 0, max: 1 }),
      '98%',
      '--it must be a number from 0 to 1, not a percentage, got "98%"',
    )
    refuses(integer('n', 1), '1%', '--it must be a whole number, not a percentage, got "1%"')
  })
  it('carries its default only if it has one', () => {
    expect(param.default).toBe(1)
    expect(param.metavar).toBe('<n>')
    expect(number('n')).not.toHaveProperty('default')
    expect(number('n', 0).default).toBe(0)
  })
})

describe('integer', () => {
  const param = integer('count', 3, { min: 1, max: 9 })
  it('takes whole numbers', () => {
    expect(parse(param, 4)).toBe(4)
    expect(parse(param, '4')).toBe(4)
    expect(parse(param, '4.0')).toBe(4)
  })
  it('refuses the rest', () => {
    refuses(param, 1.5, '--it must be a whole number, got 1.5')
    refuses(param, '2.5', '--it must be a whole number, got "2.5"')
    refuses(param, 0, '--it must be from 1 to 9, got 0')
    refuses(param, 'x', '--it must be a number, got "x"')
    refuses(integer('n', 1), 2 ** 53, '--it must be a whole number, got 9007199254740992')
  })
  it('may be without a default', () => expect(integer('n')).not.toHaveProperty('default'))
})

describe('choice', () => {
  const param = choice('axis', ['x', 'y', 'magnitude'], 'x')
  it('takes one of its words, also written as a number', () => {
    expect(parse(param, 'magnitude')).toBe('magnitude')
    expect(parse(choice('size', ['3', '5'], '3'), 5)).toBe('5')
  })
  it('refuses others, with a guess where one is near', () => {
    expect(() => parse(param, 'magnitud')).toThrow(
      expect.objectContaining({
        code: 'E_OPTION',
        message: '--it must be one of x, y, magnitude, got "magnitud"',
        fix: 'magnitude',
      }),
    )
    expect(() => parse(param, 'sideways')).toThrow(expect.objectContaining({ fix: undefined }))
    refuses(param, 'X', '--it must be one of x, y, magnitude, got "X"')
  })
  it('lists its words for help and completion', () => {
    expect(param).toMatchObject({ choices: ['x', 'y', 'magnitude'], default: 'x', metavar: '<word>' })
    expect(choice('axis', ['x', 'y'])).not.toHaveProperty('default')
  })
})

describe('flag', () => {
  const param = flag('quiet')
  it('is off unless given, and takes true and false', () => {
    expect(param).toMatchObject({ isFlag: true, default: false })
    expect(param).not.toHaveProperty('metavar')
    expect([true, 'true', false, 'false'].map((v) => parse(param, v))).toEqual([true, true, false, false])
  })
  it('refuses the rest', () => {
    refuses(param, 'yes', '--it must be true or false, got "yes"')
    refuses(param, 1, '--it must be true or false, got 1')
  })
})

describe('text', () => {
  it('takes any text but none', () => {
    const param = text('name', '<name>', 'plain')
    expect(param).toMatchObject({ default: 'plain', metavar: '<name>' })
    expect(parse(param, 'a b')).toBe('a b')
    refuses(param, '', '--it must be text, got ""')
    refuses(param, 3, '--it must be text, got 3')
    expect(text('name', '<name>')).not.toHaveProperty('default')
  })
})

describe('custom', () => {
  it('leaves the parsing to its owner, who hears the name', () => {
    const param = custom('twice', '<w>', (given, name) => `${name}=${given}${given}`, 'none')
    expect(parse(param, 'ab')).toBe('--it=abab')
    expect(param).toMatchObject({ default: 'none', metavar: '<w>' })
    expect(custom('twice', '<w>', String)).not.toHaveProperty('default')
  })
})

describe('numbers', () => {
  const param = numbers('anchor', '<x,y>', { min: 1, max: 2 }, { min: 0, max: 9, whole: true })
  it('takes text with commas or an x, lists and one number', () => {
    expect(parse(param, '1,2')).toEqual([1, 2])
    expect(parse(param, '3x4')).toEqual([3, 4])
    expect(parse(param, [5, '6'])).toEqual([5, 6])
    expect(parse(param, 7)).toEqual([7])
  })
  it('refuses the rest', () => {
    refuses(param, '1,2,3', '--it must be 1 to 2 numbers, got "1,2,3"')
    refuses(param, [], '--it must be 1 to 2 numbers, got []')
    refuses(param, '1,', '--it must be a number, got ""')
    refuses(param, '3px', '--it must be a number, got "3px"')
    expect(param.parse('3 x 5', '--it')).toEqual([3, 5])
    refuses(param, '1.5', '--it must be whole numbers, got "1.5"')
    refuses(param, '1,10', '--it must be from 0 to 9, got 10')
    refuses(numbers('n', '<n>', { min: 2, max: 2 }), '1', '--it must be 2 numbers, got "1"')
  })
})

describe('resolve', () => {
  const params = {
    sigma: number('width', 2, { min: 0 }),
    'sigma-y': number('height'),
    unit: flag('unit'),
  }
  it('fills in defaults, and leaves out what has none', () => {
    expect(resolve(params, {})).toEqual({ sigma: 2, 'sigma-y': undefined, unit: false })
    expect(resolve(params, { sigma: '3', 'sigma-y': 4 })).toEqual({ sigma: 3, 'sigma-y': 4, unit: false })
  })
  it('takes undefined for not given, also under a name that it does not know', () => {
    expect(resolve(params, { sigma: undefined, elsewhere: undefined })).toMatchObject({ sigma: 2 })
  })
  it('does not change what it was given', () => {
    const given = Object.freeze({ sigma: '3' })
    resolve(params, given)
    expect(given).toEqual({ sigma: '3' })
  })
  it('names the setting in its errors, as the caller writes it', () => {
    expect(() => resolve(params, { sigma: -1 })).toThrow('--sigma must be at least 0, got -1')
    expect(() => resolve(params, { sigma: -1 }, (name) => `items[0].${name}`)).toThrow(
      'items[0].sigma must be at least 0, got -1',
    )
  })
  it('refuses a setting that there is not, with the list and a guess', () => {
    expect(() => resolve(params, { sigam: 1 })).toThrow(
      expect.objectContaining({
        code: 'E_NAME',
        message: 'unknown setting --sigam',
        why: ['settings: --sigma, --sigma-y, --unit'],
        fix: '--sigma',
      }),
    )
    expect(() => resolve(params, { toString: 1 })).toThrow(ConvoError)
  })
  it('says so when there are no settings at all', () => {
    expect(() => resolve({}, { sigma: 1 })).toThrow(
      expect.objectContaining({ message: 'unknown setting --sigma', why: ['settings: none'] }),
    )
  })
})

describe('expected', () => {
  it('quotes text and writes the rest as JSON', () => {
    expect(expected('a size', 'size', 'big').message).toBe('size must be a size, got "big"')
    expect(expected('a size', 'size', { a: 1 }).message).toBe('size must be a size, got {"a":1}')
    expect(expected('a size', 'size', undefined).message).toBe('size must be a size, got undefined')
  })
})
