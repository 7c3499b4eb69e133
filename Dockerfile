# The image of `invited`. Debian 13, since the faster build of uWebSockets.js needs glibc 2.38 or later; Node 24, the newest
# with long-term support for which that build is there (docs/architecture.md, Two builds of uWebSockets.js).
# It has that build alone, and it brings no redis-server: INVITED_REDIS_URL
# must name one (README.md, Docker).
ARG BASE=node:24-trixie-slim

FROM ${BASE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts scripts
COPY src src
RUN npm run build \
  && npm prune --omit=dev --omit=peer --ignore-scripts --no-audit --no-fund \
  # Builds for other systems and for an older glibc, types, and maps of sources that are not here.
  && rm -rf node_modules/uWebSockets.js/uws_darwin_* node_modules/uWebSockets.js/uws_win32_* \
    node_modules/uWebSockets.js-legacy \
  && find dist -name '*.map' -delete -o -name '*.d.ts' -delete

FROM ${BASE}
LABEL org.opencontainers.image.title="invited" \
  org.opencontainers.image.description="An invite engine" \
  org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production INVITED_DATA_DIR=/data
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json LICENSE ./
COPY lua lua
COPY migrations migrations
# For the embedded Postgres and a secret of its own, where none is set; nothing else is ever written.
RUN mkdir -m 0700 /data && chown 10001:10001 /data
# By number, so that Kubernetes can see that it is not root.
USER 10001:10001
EXPOSE 8080 9090
# Is the process alive? Whether it can serve is asked at /readyz, which an outage of Redis must not turn into a restart.
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.INVITED_ADMIN_PORT || 9090}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/app/dist/main.js"]
CMD ["start"]
