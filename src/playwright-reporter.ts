export { GoldenReporter as default } from './golden/matching/playwright.ts'
