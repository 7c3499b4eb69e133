// All that one run of the bench found out: what --json prints, and what the report is made of.

import type { CopyResult } from './copy.js';
import type { IdleResult } from './idle.js';
import type { LimitsResult } from './limits.js';
import type { Machine } from './machine.js';
import type { OpenLoopResult } from './open-loop.js';
import type { RelayResult } from './relay.js';
import type { RoundSettings, Standing } from './rounds.js';
import type { ScaleResult } from './scale.js';

export interface ScenarioResult {
  readonly name: string;
  readonly title: string;
  readonly standings: readonly Standing[];
}

export interface BenchResult {
  readonly at: string;
  readonly machine: Machine;
  readonly settings: RoundSettings;
  readonly scenarios: ScenarioResult[];
  openLoop: OpenLoopResult | null;
  idle: IdleResult | null;
  scale: ScaleResult | null;
  copy: CopyResult | null;
  relay: RelayResult | null;
  limits: LimitsResult | null;
}
