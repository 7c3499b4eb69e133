// placeholder
export type LandingView = any;
export interface LandingOptions {
  readonly iconUrlTemplate: string | null;
  readonly publicUrl: string | null;
}
export const renderLanding = (v: LandingView, _o: LandingOptions): string =>
  `<!doctype html><title>${v.kind}</title>`;
export const landingHeaders = (_o: LandingOptions): readonly (readonly [string, string])[] => [];
