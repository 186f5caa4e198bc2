// Names for what the OpenAPI document describes. The document is the only source of these shapes.

import type { components } from './schema';

type Schemas = components['schemas'];

export type Deployment = Schemas['Deployment'];
export type Environment = Schemas['Environment'];
export type Window = Schemas['Window'];
export type HistoryPoint = Schemas['HistoryPoint'];
export type Rollout = Schemas['Rollout'];
export type Check = Schemas['RolloutCheck'];
export type Verdict = Schemas['Verdict'];
export type Plan = Schemas['Plan'];
export type Session = Schemas['Session'];
export type Key = Schemas['Key'];
export type NewKey = Schemas['NewKey'];
export type AuditEntry = Schemas['AuditEntry'];
export type FinishedRequest = Schemas['FinishedRequest'];
export type ExplainedRequest = Schemas['ExplainedRequest'];
export type Attempt = Schemas['RequestAttempt'];
export type Provider = Schemas['Provider'];
export type Configuration = Schemas['Configuration'];

export type Side = 'blue' | 'green';
export type Role = 'viewer' | 'operator' | 'admin';

// Money, as docs/openapi.json will describe it where the gateway has it.

export interface Account {
  name: string;
  billing: string;
  balance_usd: string;
  held_usd: string;
  available_usd: string;
}

export interface LedgerEntry {
  id: string | number;
  at: string;
  debit: string;
  credit: string;
  amount_usd: string;
  request_id: string | null;
  reason: string | null;
}

export interface TopUp {
  id: string;
  account: string;
  provider: string;
  amount: string;
  currency: string;
  state: string;
  created_at: string;
}

export interface UsageRow {
  key?: string | null;
  model?: string | null;
  day?: string | null;
  requests: number;
  errors: number;
  input_tokens: number;
  output_tokens: number;
  /** What the vendors charge, as far as prices are known. */
  cost_usd: string | null;
  /** What is charged for it. */
  sold_usd: string | null;
  /** Calls that no price is known for. */
  unpriced: number;
}
