import { describe, expect, it } from 'vitest'
import { commandLine, wordsOf } from '../../src/text/shell.ts'
import fc from '../property.ts'

describe('the words of a line', () => {
  it('are those that it was made of', () => {
    const word = fc.stringMatching(/^[ -~]+$/).filter((one) => !one.includes('##['))
    fc.assert(
      fc.property(fc.array(word), (words) => {
        expect(wordsOf(commandLine(words))).toEqual(words)
      }),
    )
  })

  it.each([
    [`convo conv2d a.png b.png --kernel "0 -1 0; -1 5 -1"`, ['--kernel', '0 -1 0; -1 5 -1']],
    [`convo sobel 'it'\\''s.png' b.png`, ["it's.png", 'b.png']],
  ])('are read in both kinds of quotes: %s', (line, last) => {
    expect(wordsOf(line)?.slice(-2)).toEqual(last)
  })

  it.each([
    'convo sobel - - < a.png > b.png',
    'convo a $HOME',
    "convo a $'\\033'",
    'convo a "$b"',
    "convo 'a",
  ])('are not known of %s, which is more than words', (line) => {
    expect(wordsOf(line)).toBeUndefined()
  })
})
