import * as pb from './protobuf.ts'

// The messages of onnx.proto3, reduced to the fields that are read.
export const entry = { key: pb.text(1), value: pb.text(2) }
export const tensor = {
  dims: pb.ints(1),
  type: pb.int(2),
  segment: pb.times(3),
  floats: pb.floats(4),
  ints: pb.ints(5),
  longs: pb.ints(7),
  name: pb.text(8),
  raw: pb.bytes(9),
  doubles: pb.doubles(10),
  unsigned: pb.ints(11),
  external: pb.messages(13, entry),
  location: pb.int(14),
}
export const attribute = {
  name: pb.text(1),
  float: pb.float(2),
  int: pb.int(3),
  bytes: pb.bytes(4),
  tensor: pb.message(5, tensor),
  /** A graph, parsed only together with its node, since graphs can be nested without limit. */
  graph: pb.bytes(6),
  floats: pb.floats(7),
  ints: pb.ints(8),
  texts: pb.texts(9),
  type: pb.int(20),
  /** In a function: the name of the call's attribute that supplies the value. */
  given: pb.text(21),
}
export const node = {
  inputs: pb.texts(1),
  outputs: pb.texts(2),
  name: pb.text(3),
  operator: pb.text(4),
  attributes: pb.messages(5, attribute),
  domain: pb.text(7),
  overload: pb.text(8),
}
export const size = { value: pb.int(1), name: pb.text(2) }
export const shape = { sizes: pb.messages(1, size) }
export const port = {
  name: pb.text(1),
  type: pb.message(2, { tensor: pb.message(1, { type: pb.int(1), shape: pb.message(2, shape) }) }),
}
export const graph = {
  nodes: pb.messages(1, node),
  name: pb.text(2),
  initializers: pb.messages(5, tensor),
  inputs: pb.messages(11, port),
  outputs: pb.messages(12, port),
  sparse: pb.times(15),
}
export const opset = { domain: pb.text(1), version: pb.int(2) }
export const definition = {
  name: pb.text(1),
  inputs: pb.texts(4),
  outputs: pb.texts(5),
  nodes: pb.messages(7, node),
  opsets: pb.messages(9, opset),
  domain: pb.text(10),
  defaults: pb.messages(11, attribute),
  overload: pb.text(13),
}
export const model = {
  ir: pb.int(1),
  producer: pb.text(2),
  graph: pb.message(7, graph),
  opsets: pb.messages(8, opset),
  metadata: pb.messages(14, entry),
  functions: pb.messages(25, definition),
}

/** The messages as parsed. */
export type Model = pb.Message<typeof model>
export type Graph = pb.Message<typeof graph>
export type Node = pb.Message<typeof node>
export type Definition = pb.Message<typeof definition>
export type AttributeMessage = pb.Message<typeof attribute>
export type PortMessage = pb.Message<typeof port>
export type TensorMessage = pb.Message<typeof tensor>
