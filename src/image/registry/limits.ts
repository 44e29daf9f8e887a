// Bounds on what a registry may cost: time, memory, patience. Tests make them small.

export interface RegistryLimits {
  /** Until the head of an answer is there. */
  readonly answerMs: number;
  /** Until a document (a manifest, a token, an error) is there, whole. */
  readonly documentMs: number;
  /** The most bytes of a manifest, an index or a configuration: what registries themselves take. */
  readonly manifestBytes: number;
  /** The most bytes of a token or of an error. */
  readonly answerBytes: number;
  /** How long each window is in which a blob must come on. */
  readonly windowMs: number;
  /** The fewest bytes of a blob in each window. */
  readonly windowBytes: number;
  /** How often a request is sent at most, as long as nothing of it arrives. */
  readonly attempts: number;
  /** The wait before the second attempt, doubled for each one after it. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** The longest wait that a registry may ask for by Retry-After. */
  readonly retryAfterMs: number;
  readonly redirects: number;
  /** Layers at the same time. */
  readonly parallel: number;
  /** Blobs larger than this are pushed in chunks of this size. */
  readonly chunkBytes: number;
}

export const DEFAULT_LIMITS: RegistryLimits = {
  answerMs: 60_000,
  documentMs: 60_000,
  manifestBytes: 4 * 1024 * 1024,
  answerBytes: 1024 * 1024,
  windowMs: 30_000,
  windowBytes: 30 * 1024,
  attempts: 5,
  firstPauseMs: 500,
  longestPauseMs: 10_000,
  retryAfterMs: 60_000,
  redirects: 5,
  parallel: 4,
  chunkBytes: 128 * 1024 * 1024,
};
