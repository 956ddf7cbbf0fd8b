// What a colour on the map of the difference means. Told apart by colour-blind readers; lost ground is hatched as well.
import { named, t } from "../texts.js";

export const GROUPS = [
  { key: "split", kinds: ["split"], fill: "#2f6db5" },
  { key: "merged", kinds: ["merged"], fill: "#e0a21b" },
  { key: "transferred", kinds: ["transferred"], fill: "#b8609a" },
  { key: "recoded", kinds: ["recoded"], fill: "#7fb8d8" },
  { key: "redrawn", kinds: ["redrawn", "reshaped"], fill: "#cf5f2c" },
  { key: "gained", kinds: ["founded", "extended"], fill: "#1f8a70" },
  { key: "lost", kinds: ["dissolved", "reduced"], fill: "#4a5560", hatched: true },
];

export const groupOf = (kind) => GROUPS.find((group) => group.kinds.includes(kind)) || GROUPS[4];

export const groupName = (group) =>
  (group.kinds.length > 1 && group.key !== "redrawn" ? t("history_group_" + group.key) : kindName(group.key));

export const kindName = (kind) => named("lineage." + kind, kind);

export const levelName = (level) => named("map.level_" + level, level);

/** Code and name of one side of a piece, or that nobody had it. */
export const sideName = (code, name, nobody) => (code === null ? nobody : name || code);
