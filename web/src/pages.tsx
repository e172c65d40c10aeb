// The left side: the pages as they were read, their regions drawn over them. Only pages near the window have pictures.

import { computed, signal, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { changed } from "./changes";
import { inOrder, labelOf } from "./corrections";
import { choose, chosen, fit, hitSet, order, pictures, pointed, view, wanted, zoom } from "./state";
import { type Box, isLost, kindOf, type Page, pageOf, type Region, sizeOf } from "./view";

const GAP = 16; // pixels between pages, and around them
const NEAR = 1; // windows above and below, whose pages are there already

const room = signal<[number, number]>([800, 800]); // pixels of the pane
const scrolled = signal(0);

/** Each page's place: its top, its width and its height, in pixels of the scrolled pane. */
const places = computed(() => {
  const [wide, high] = room.value;
  let top = GAP;
  return (view.value?.pages ?? []).map((page) => {
    const [width, height] = sizeOf(page);
    const fitted = Math.max(80, fit.value === "width" ? wide - 2 * GAP : Math.min(wide, ((high - 2 * GAP) * width) / height));
    const shown = Math.round(fitted * zoom.value);
    const place = { page, top, width: shown, height: Math.round((shown * height) / width) };
    top += place.height + GAP;
    return place;
  });
});

const near = computed(() => {
  const from = scrolled.value - NEAR * room.value[1];
  const to = scrolled.value + (1 + NEAR) * room.value[1];
  return places.value.filter((place) => place.top + place.height > from && place.top < to);
});

export const pageInSight = computed(() => {
  const middle = scrolled.value + room.value[1] / 2;
  return (places.value.findLast((place) => place.top <= middle) ?? places.value[0])?.page.page ?? 1;
});

export function Pages() {
  const pane = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = pane.current;
    if (!element) return;
    const watch = new ResizeObserver(() => {
      room.value = [element.clientWidth, element.clientHeight];
    });
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  useSignalEffect(() => {
    const to = wanted.value;
    const element = pane.current;
    if (!to || !element) return;
    const place = places.peek().find((each) => each.page.page === pageOf(to.id));
    const region = place?.page.regions.find((each) => each.id === to.id);
    if (!place || !region) return;
    const [left, top, , bottom] = region.bbox_2d;
    const y = place.top + (place.height * top) / 1000;
    const height = (place.height * (bottom - top)) / 1000;
    const [wide, high] = room.peek();
    if (y < element.scrollTop + 40 || y + height > element.scrollTop + high - 40)
      element.scrollTop = Math.max(0, y - Math.max(40, (high - height) / 3));
    if (place.width > wide) element.scrollLeft = (place.width * left) / 1000 - 40;
  });
  useKeptInPlace(pane);
  const last = places.value.at(-1);
  const widest = Math.max(0, ...places.value.map((place) => place.width));
  return (
    <div
      class="pages"
      ref={pane}
      tabIndex={0}
      role="region"
      aria-label="Pages"
      onScroll={(event) => {
        scrolled.value = event.currentTarget.scrollTop;
      }}
      onPointerLeave={() => {
        pointed.value = null;
      }}
    >
      <div class="sheets" style={{ height: `${(last ? last.top + last.height : 0) + GAP}px`, minWidth: `${widest + 2 * GAP}px` }}>
        {near.value.map(({ page, top, width, height }) => (
          <Sheet key={page.page} page={page} top={top} width={width} height={height} />
        ))}
      </div>
    </div>
  );
}

/** What stood at the top stays there when pages become larger or smaller. */
function useKeptInPlace(pane: { current: HTMLElement | null }): void {
  const now = places.value;
  const before = useRef(now);
  useLayoutEffect(() => {
    const element = pane.current;
    const at = element && (before.current.findLast((place) => place.top <= element.scrollTop + GAP) ?? before.current[0]);
    const place = at && now.find((each) => each.page.page === at.page.page);
    if (place && before.current !== now) element.scrollTop = place.top + ((element.scrollTop - at.top) * place.height) / at.height;
    before.current = now;
  }, [now]);
}

function Sheet(place: { page: Page; top: number; width: number; height: number }) {
  const { page } = place;
  const source = usePicture(page.page);
  return (
    <div
      class="sheet"
      data-page={page.page}
      style={{ top: `${place.top}px`, width: `${place.width}px`, height: `${place.height}px` }}
    >
      {source ? <img src={source} alt={`Page ${page.page}`} decoding="async" draggable={false} /> : <span class="blank">Page {page.page}</span>}
      <Overlay page={page} />
      <Tag page={page} />
    </div>
  );
}

function usePicture(page: number): string | null {
  const source = useSignal<string | null>(null);
  const from = pictures.value;
  useEffect(() => {
    let wantedStill = true;
    void from(page).then((address) => {
      if (wantedStill) source.value = address;
    });
    return () => {
      wantedStill = false;
    };
  }, [page, from]);
  return source.value;
}

/** The regions over a page. The same words stand on the right, so that this is drawn for the eye alone. */
function Overlay({ page }: { page: Page }) {
  const colours = view.value?.colours ?? {};
  const shown = inOrder(page);
  return (
    <svg class="overlay" viewBox="0 0 1000 1000" preserveAspectRatio="none" aria-hidden="true">
      {shown.map((region) => (
        <polygon
          key={region.id}
          data-region={region.id}
          points={region.polygon.map((corner) => corner.join(",")).join(" ")}
          class={classOf(region)}
          style={{ "--ink": colours[labelOf(region)] ?? "#666" }}
          onPointerEnter={() => {
            pointed.value = region.id;
          }}
          onClick={() => choose(region.id)}
        />
      ))}
      {order.value && <polyline class="order" points={shown.map(({ bbox_2d }) => middleOf(bbox_2d)).join(" ")} />}
    </svg>
  );
}

function classOf(region: Region): string {
  const states = {
    region: true,
    lost: isLost(region),
    doubtful: region.problems.some((problem) => problem.severity === "doubtful"),
    aside: region.role !== "body",
    pointed: pointed.value === region.id,
    chosen: chosen.value === region.id,
    found: hitSet.value.has(region.id),
    changed: changed.value.has(region.id),
  };
  return Object.entries(states)
    .filter(([, holds]) => holds)
    .map(([name]) => name)
    .join(" ");
}

function middleOf([left, top, right, bottom]: Box): string {
  return `${(left + right) / 2},${(top + bottom) / 2}`;
}

/** What the region under the pointer, or the chosen one, is; with the reading order, each region's place in it. */
function Tag({ page }: { page: Page }) {
  const at = ([left, top]: Box) => ({ left: `${left / 10}%`, top: `${top / 10}%` });
  const shown = inOrder(page);
  const told = shown.filter((region) => region.id === pointed.value || region.id === chosen.value);
  return (
    <div class="tags" aria-hidden="true">
      {order.value &&
        shown.map((region, place) => (
          <span key={region.id} class="place" style={at(region.bbox_2d)}>
            {place + 1}
          </span>
        ))}
      {told.map((region) => (
        <span key={region.id} class="tag" style={at(region.bbox_2d)}>
          {kindOf({ ...region, native_label: labelOf(region) })}
          {isLost(region) ? " (not read)" : ""}
        </span>
      ))}
    </div>
  );
}

/** A piece of a page: the picture of a place. */
export function Cutting({ page, box }: { page: Page; box: Box }) {
  const source = usePicture(page.page);
  const [width, height] = sizeOf(page);
  const [left, top, right, bottom] = [box[0] - 8, box[1] - 8, box[2] + 8, box[3] + 8].map((edge) =>
    Math.min(1000, Math.max(0, edge)),
  ) as Box;
  const [x, y] = [(left * width) / 1000, (top * height) / 1000];
  const [wide, high] = [((right - left) * width) / 1000, ((bottom - top) * height) / 1000];
  return (
    <svg
      class="cutting"
      viewBox={`${x} ${y} ${wide} ${high}`}
      style={{ aspectRatio: `${wide} / ${high}`, maxWidth: `${Math.round(wide)}px` }}
      role="img"
      aria-label={`A piece of page ${page.page}`}
    >
      {source && <image href={source} width={width} height={height} preserveAspectRatio="none" />}
    </svg>
  );
}
