// What the command line composes of the network.
export { type Network, type NetworkOptions, startNetwork } from './network.ts'
export { trafficMetrics } from './traffic/metrics.ts'
export type {
  LatencyHistogram,
  PodReference,
  ServiceReference,
  TrafficEdge,
  TrafficProtocol,
  TrafficSnapshot,
  TrafficSource,
} from './traffic/snapshot.ts'
export type { WorkloadContainer, Workloads } from './traffic/traffic-meter.ts'
