import type { EngineName, GpuStatus } from '@baton/contracts';
import { IconMessage2, IconPhoto } from '@tabler/icons-react';
import type { JSX } from 'react';
import { batonPlace, ENGINE_NAMES } from './baton-place.ts';
import classes from './baton-track.module.css';

/** The baton lies on the way and not on the station, so that both stay readable. */
const INSET_PERCENT = 14;

/** The two engines and the baton between them. A picture only: the words beside it say the same. */
export function BatonTrack({ status }: { readonly status: GpuStatus }): JSX.Element {
  const place = batonPlace(status);
  return (
    <div className={classes['track']} aria-hidden data-moving={status.swap !== null || undefined}>
      <Station engine="ollama" status={status} />
      <div className={classes['way']}>
        {place !== null && (
          <span
            className={classes['baton']}
            style={{ insetInlineStart: `${INSET_PERCENT + place * (100 - 2 * INSET_PERCENT)}%` }}
          />
        )}
      </div>
      <Station engine="comfyui" status={status} />
    </div>
  );
}

interface StationProps {
  readonly engine: EngineName;
  readonly status: GpuStatus;
}

function Station({ engine, status }: StationProps): JSX.Element {
  const Icon = engine === 'ollama' ? IconMessage2 : IconPhoto;
  const isHolder = status.holder?.engine === engine && status.swap === null;
  const model = isHolder ? status.holder?.model : null;
  return (
    <div className={classes['station']} data-engine={engine} data-holder={isHolder || undefined}>
      <Icon size={17} />
      <span className={classes['name']}>
        {ENGINE_NAMES[engine]}
        {model !== null && model !== undefined && <span className={classes['model']}>{model}</span>}
      </span>
    </div>
  );
}
