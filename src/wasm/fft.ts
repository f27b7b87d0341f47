export { fftColumns, fftRows } from './fft-line'
export { fftPlaneForward, fftPlaneInverse, fftPlaneMultiply } from './fft-plane'
