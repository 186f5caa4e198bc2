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

export type Account = Schemas['Account'];
export type LedgerEntry = Schemas['LedgerEntry'];
export type TopUp = Schemas['Topup'];
export type UsageRow = Schemas['UsageGroup'];
export type UsageSums = Schemas['UsageSums'];
