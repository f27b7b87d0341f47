import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as convo from '../../src/index.ts'
import { operators } from '../../src/operators/index.ts'

// Checks that the docstring of every operator has the sum, its source, the size of the output, and its cost.

const files: Readonly<Record<string, string>> = {
  conv2d: 'conv2d',
  conv3d: 'conv3d',
  pointwiseConv2d: 'pointwise',
  separableConv2d: 'separable',
  depthwiseConv2d: 'depthwise',
  depthwiseSeparableConv2d: 'depthwise-separable',
  convTranspose2d: 'transposed',
  convTranspose3d: 'transposed',
  maxPool2d: 'max-pool',
  maxPool3d: 'max-pool',
  maxUnpool2d: 'max-unpool',
  maxUnpool3d: 'max-unpool',
  involution2d: 'involution',
  involutionApply2d: 'involution',
}

function docstring(name: string): string {
  const text = readFileSync(new URL(`../../src/operators/${files[name]}.ts`, import.meta.url), 'utf8')
  const before = text.slice(0, text.search(new RegExp(`export (async function|const) ${name}\\b`)))
  // skips the docstrings of single fields, which are indented
  return before.slice(before.lastIndexOf('\n/**')).replace(/\s*\n \* ?/g, ' ')
}

describe('the docstring of', () => {
  it.each(Object.keys(files))('%s', (name) => {
    expect(convo).toHaveProperty(name)
    const text = docstring(name)
    expect(text).toMatch(/ = |\+= |on three axes as/)
    expect(text).toMatch(/[Ss]ize per axis|Size: |the sizes as well/)
    expect(text).toMatch(/[Ww]eights/)
    expect(text).toMatch(/[Mm]ultiplications|comparisons|on three axes as/)
    expect(text).toMatch(/After [A-Z].*\d{4}|on three axes as/)
    expect(text).toMatch(/@returns/)
    expect(text).toMatch(/@throws ConvoError E_/)
  })

  it('every command has its sum and its source', () => {
    for (const [name, { formula, source }] of Object.entries(operators)) {
      expect(formula, name).toMatch(/=|filter o sees/)
      expect(source, name).toMatch(/\d{4}|PyTorch|torchvision/)
    }
  })
})
