// States as the API names them, in words, and how an operator should feel about each.

type Mood = 'good' | 'calm' | 'busy' | 'care' | 'bad';

export const STATES: Record<string, string> = {
  // deployments
  single: 'blue only',
  finalized: 'finalized',
  split: 'split',
  promoted: 'promoted',
  rolled_back: 'rolled back',
  // rollouts
  pending: 'about to start',
  prechecking: 'checking before users see it',
  progressing: 'progressing',
  held: 'held',
  paused: 'paused',
  challenged: 'challenged',
  awaiting_approval: 'awaiting approval',
  baking: 'baking',
  promoting: 'promoting',
  blue_unhealthy: 'blue is unhealthy',
  rolling_back: 'rolling back',
  succeeded: 'succeeded',
  rejected: 'rejected',
  cancelled: 'cancelled',
  // health
  healthy: 'healthy',
  unhealthy: 'unhealthy',
  unknown: 'not probed',
  // checks
  off: 'off',
  ok: 'fine',
  noted: 'noted',
  caution: 'caution',
  regression: 'regression',
  // requests
  caller_error: "caller's error",
  refused: 'refused',
  failed: 'failed',
  broken: 'broken',
  client_left: 'client left',
  // keys and top-ups
  active: 'active',
  revoked: 'revoked',
  expired: 'expired',
  confirmed: 'confirmed',
  refunded: 'refunded',
};

export const MOODS: Record<string, Mood> = {
  promoted: 'good',
  succeeded: 'good',
  healthy: 'good',
  active: 'good',
  confirmed: 'good',
  ok: 'good',
  split: 'busy',
  progressing: 'busy',
  prechecking: 'busy',
  baking: 'busy',
  promoting: 'busy',
  pending: 'busy',
  noted: 'care',
  caution: 'care',
  held: 'care',
  paused: 'care',
  challenged: 'care',
  awaiting_approval: 'care',
  blue_unhealthy: 'bad',
  rolling_back: 'bad',
  rolled_back: 'bad',
  rejected: 'bad',
  regression: 'bad',
  unhealthy: 'bad',
  failed: 'bad',
  broken: 'bad',
  caller_error: 'care',
  refused: 'care',
};

export const FINISHED = ['succeeded', 'rolled_back', 'rejected', 'cancelled'];

/** Streams of evidence. */
export const STREAMS: Record<string, string> = {
  error: 'Errors',
  hard: 'Green fails where blue answers',
  latency: 'First byte',
  tail: 'Hanging requests',
  time_per_output_token: 'Time per token',
  cost: 'Cost',
  output_length: 'Answer length',
};
