// A worker's side of the figures: tells its own when the supervisor asks, and asks it for those of all.

import { type Gathered, gatherFrom, SlotFigures, type Told } from './figures.js';
import { isSupervisorMessage, tellSupervisor } from './message.js';

const GATHER_MAX_MS = 1000;

/**
 * From now on this worker tells what `own` gives.
 * @returns asks for the figures of all workers, of which one without a supervisor is all; null: it did not answer in time
 */
export function shareFigures(own: () => Promise<Told>): () => Promise<Gathered | null> {
  if (process.send === undefined) return () => alone(own);
  let waiting: ((gathered: Gathered) => void)[] = [];
  process.on('message', (message: unknown) => {
    if (!isSupervisorMessage(message)) return;
    if (message.kind === 'tell') {
      // What fails here fails for who asks, too: he is told nothing in time.
      own().then(
        (told) => tellSupervisor({ kind: 'told', told }),
        () => {},
      );
      return;
    }
    const answered = waiting;
    waiting = [];
    for (const resolve of answered) resolve(message.gathered);
  });

  let asked: Promise<Gathered | null> | null = null;
  const ask = async (): Promise<Gathered | null> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), GATHER_MAX_MS);
    });
    const answer = new Promise<Gathered>((resolve) => {
      waiting = [resolve];
    });
    await tellSupervisor({ kind: 'gather' });
    const gathered = await Promise.race([answer, late]);
    clearTimeout(timer);
    return gathered;
  };
  // Who asks while another does gets the same.
  return () => {
    asked ??= ask().finally(() => {
      asked = null;
    });
    return asked;
  };
}

async function alone(own: () => Promise<Told>): Promise<Gathered> {
  const figures = new SlotFigures();
  figures.tell(await own());
  return gatherFrom([figures]);
}
