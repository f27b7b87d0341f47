export {
  conv2d,
  conv3d,
  convTranspose2d,
  convTranspose3d,
  depthwiseConv2d,
  depthwiseSeparableConv2d,
  involution2d,
  maxPool2d,
  maxPool3d,
  pointwiseConv2d,
  separableConv2d,
  setThreads,
} from './api.ts'
export { batch, type Steps } from './batch/api.ts'
export type { Entry } from './batch/journal.ts'
export type { Bias, ConvOptions, PaddingMode, PaddingOption, PerAxis, TransposeOptions } from './conv/spec.ts'
export type { Activation } from './definition/functions.ts'
export { ConvoError, type ErrorCode, type ErrorDetail, formatError } from './error.ts'
export {
  approve,
  check,
  checkDigests,
  compareFolders,
  digestFiles,
  report,
} from './golden/api.ts'
export type { Approved } from './golden/approve.ts'
export type { Checked, FileDigest } from './golden/digests.ts'
export type { CompareFoldersOptions } from './golden/folders/library.ts'
export type { CaseResult, Run } from './golden/results.ts'
export type { CheckOptions } from './golden/run.ts'
export type { ReporterName } from './golden/settings.ts'
export type { NumberArray } from './host/turns.ts'
export type { DiffStyle } from './image/compare/comparison.ts'
export type { FileComparison } from './image/compare/pages.ts'
export type { OutputExtension, OutputFormat } from './image/format.ts'
export type { Kernel } from './kernel/kernel.ts'
export type { ModelFacts } from './net/describe.ts'
export type { DepthwiseOptions } from './operators/depthwise.ts'
export type { DepthwiseSeparableOptions } from './operators/depthwise-separable.ts'
export { type InvolutionOptions, type InvolutionSizes, involutionApply2d } from './operators/involution.ts'
export type { BatchNorm, KernelGenerator } from './operators/involution-weights.ts'
export type { Indices, Pooled, PoolOptions } from './operators/max-pool.ts'
export { maxUnpool2d, maxUnpool3d, type UnpoolOptions } from './operators/max-unpool.ts'
export type { PointwiseOptions } from './operators/pointwise.ts'
export type { SeparableOptions, Vector } from './operators/separable.ts'
export type { Separation } from './operators/separate.ts'
export type {
  Chain,
  ConvoOptions,
  RawResult,
} from './picture/api/chain.ts'
export { compare, digest } from './picture/api/compare.ts'
export type { CompareOptions, CompareResult } from './picture/api/comparing.ts'
export { close, convo, convo as default } from './picture/api/convo.ts'
export {
  filters,
  kernels,
  type OperationFacts,
  type OptionFacts,
  operators,
  readKernel,
  separate,
  writeKernel,
} from './picture/api/data.ts'
export type { PictureInput, RawPicture, SharpPipeline } from './picture/api/inputs.ts'
export type { KernelInput, NestedNumbers, ShapedNumbers } from './picture/api/kernel-input.ts'
export { loadNet } from './picture/api/load-net.ts'
export type * from './picture/api/methods.ts'
export type { Net } from './picture/api/net.ts'
export type { Digest } from './picture/digest.ts'
export type { DryRun, PictureFacts, PlanFacts, Report } from './picture/job.ts'
export { animate, type Explained, explain, show } from './teach/api.ts'
export type { BorderAlias, BorderName } from './tensor/border.ts'
export { interleaved, type TensorInput, type TensorLike, tensorOf } from './tensor/like.ts'
export type { Samples } from './tensor/picture.ts'
export { Tensor } from './tensor/tensor.ts'
