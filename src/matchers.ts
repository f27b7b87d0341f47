export {
  type GoldenMatchers,
  type GoldenOptions,
  type GoldenPicture,
  type GoldenTest,
  type MatcherResult,
  matchGolden,
  toMatchGolden,
} from './golden/matchers.ts'
