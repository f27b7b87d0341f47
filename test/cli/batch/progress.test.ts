import { describe, expect, it } from 'vitest'
import { createProgress, durationText, progressText, timeLeft } from '../../../src/batch/printer.ts'
import { summaryText } from '../../../src/batch/tally.ts'
import { type Message, written } from '../../../src/text/message.ts'

const standing = { done: 50, failed: 2, total: 200, megapixels: 30, megapixelsLeft: 90, milliseconds: 10_000 }

function screen(isTerminal: boolean) {
  const texts: string[] = []
  return { texts, isTerminal, columns: () => 80, write: (text: Message) => texts.push(written(text)) }
}

describe('progress', () => {
  it('tells count, rate, time left and failures', () => {
    expect(progressText(standing)).toBe('50 of 200, 3.0 MP/s, 0:30 left, 2 failed')
    expect(progressText({ ...standing, failed: 0, megapixels: 0, milliseconds: 0 })).toBe(
      '50 of 200, 0.0 MP/s',
    )
  })

  it('weights the time left by megapixels, not by pictures', () => {
    // one picture of four remains, and it has half of the pixels
    expect(timeLeft({ ...standing, done: 3, total: 4, megapixels: 30, megapixelsLeft: 30 })).toBe(10_000)
    expect(timeLeft({ ...standing, megapixels: 0 })).toBeUndefined()
  })

  it('draws one bar on a terminal, and prints above it', () => {
    const out = screen(true)
    let now = 0
    const progress = createProgress(out, false, () => now)
    progress.update(standing)
    expect(out.texts.join('')).toMatch(/^\[#+\.+\] 50 of 200, 3\.0 MP\/s, 0:30 left, 2 failed$/)
    expect(out.texts.join('').length).toBeLessThan(80)
    // too early for another update
    now = 50
    progress.update(standing)
    expect(out.texts).toHaveLength(1)
    progress.print('error\n')
    expect(out.texts.slice(1).join('').startsWith('\r\x1b[Kerror\n[#')).toBe(true)
    progress.end()
    expect(out.texts.at(-1)).toBe('\r\x1b[K')
  })

  it('prints a line each ten seconds elsewhere, the first after ten', () => {
    const out = screen(false)
    let now = 0
    const progress = createProgress(out, false, () => now)
    for (; now <= 30_000; now += 1000) progress.update(standing)
    progress.end()
    expect(out.texts).toEqual(Array(3).fill('50 of 200, 3.0 MP/s, 0:30 left, 2 failed\n'))
  })

  it('is silent when asked to, but for what is printed', () => {
    const out = screen(true)
    const progress = createProgress(out, true, () => 1e9)
    progress.update(standing)
    progress.print('error\n')
    expect(out.texts).toEqual(['error\n'])
  })

  it('fits narrow terminals', () => {
    const out = { ...screen(true), columns: () => 20 }
    createProgress(out, false, () => 0).update(standing)
    expect(out.texts[0]!.length).toBeLessThan(20)
  })

  it.each([
    [45, '50 of 200, 3.0 MP/s, 0:30 left, 2 failed'],
    [40, '50 of 200, 3.0 MP/s, 0:30 left'],
    [31, '50 of 200, 3.0 MP/s, 0:30 left'],
    [30, '50 of 200, 3.0 MP/s, 2 failed'],
    [20, '50 of 200, 3.0 MP/s'],
    [12, '50 of 200'],
    [6, '50 of'],
  ])('cuts no word in half: %d columns', (columns, text) => {
    const out = { ...screen(true), columns: () => columns }
    createProgress(out, false, () => 0).update(standing)
    expect(out.texts[0]).toBe(text)
    expect(text.length).toBeLessThan(columns)
  })

  it('takes the size of the terminal anew each time, and the bar away when all is done', () => {
    let columns = 100
    const out = { ...screen(true), columns: () => columns }
    let now = 0
    const progress = createProgress(out, false, () => now)
    progress.update(standing)
    columns = 60
    now = 200
    progress.update({ ...standing, done: 100 })
    const [first = '', cleared, second = ''] = out.texts
    expect(first).toMatch(/^\[#{10}\.{30}\] 50 of 200/)
    expect([cleared, second.length, second.includes('100 of 200')]).toEqual(['\r\x1b[K', 59, true])
    now = 201
    progress.update({ ...standing, done: 200 })
    expect(out.texts.slice(-2).join('')).toBe('\r\x1b[K')
  })

  it.each([
    [0, '0:00'],
    [1, '0:01'],
    [61_000, '1:01'],
    [7_380_000, '2:03:00'],
  ])('%d ms are %s', (milliseconds, text) => {
    expect(durationText(milliseconds)).toBe(text)
  })

  it('sums up', () => {
    expect(summaryText({ done: 1, current: 0, failed: 0, left: 0 }, 2000, 12)).toBe(
      '1 picture in 2.0 s, 6.0 MP/s: 1 done',
    )
    expect(summaryText({ done: 0, current: 5, failed: 2, left: 3 }, 100, 0)).toBe(
      '10 pictures in 0.1 s: 0 done, 5 up to date, 2 failed, 3 not tried',
    )
  })
})
