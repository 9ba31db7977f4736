"""Sentences with places for numbers and names, each `{}` in the same order in both languages."""

from __future__ import annotations

# table: English -> Chinese
PATTERNS = {
    "{} bads of {} rows": "{} 名坏客户，共 {} 行",
    "{} bads of {} rows, which tell as much as {} of equal weight and own borrowers": (
        "{} 名坏客户，共 {} 行，相当于 {} 名等权且各属不同借款人者"
    ),
    "Out of time: {}: few, so every figure is uncertain; read its interval.": (
        "时间外：{}：偏少，各项指标均不确定，请看区间。"
    ),
    "Cross-validation: {}: few, so every figure is uncertain; read its interval.": (
        "交叉验证：{}：偏少，各项指标均不确定，请看区间。"
    ),
    "Fit of {}": "{} 的拟合",
    "{} rows": "{} 行",
    "all {} rows": "全部 {} 行",
    "the first {} of {} rows; the others on screen and as CSV": (
        "前 {} 行，共 {} 行；其余见屏幕与 CSV"
    ),
    "Simulated world, {} applications of {}": "模拟世界，{} 份申请，{}",
    "Data of your own ({}), {} applications of {}": "自有数据（{}），{} 份申请，{}",
    "Simulated world": "模拟世界",
    "Data of your own ({})": "自有数据（{}）",
    "{} to {}": "{} 至 {}",
    "95 %: {}; ridge {}": "95 %：{}；岭回归 {}",
    "aim {}": "目标 {}",
    "All {} judged bars are met.": "已评判的 {} 项标准全部达标。",
    "Missed: {}.": "未达标：{}。",
    "ridge {}": "岭回归 {}",
    "booked {}": "已放款 {}",
    "mean PD {}": "平均违约概率 {}",
    "slope {}": "斜率 {}",
    "of {} complete applications": "完整申请 {} 份",
    "bad rate {}": "坏账率 {}",
    "run forward {}": "推演 {}",
    "{} · {}": "{} · {}",
    "of reachable · 95 %: {} to {}": "占可达 · 95 %：{} 至 {}",
    "AUC · 95 %: {} to {}": "AUC · 95 %：{} 至 {}",
    "Ranks everyone who applied with an AUC of {} ({} on booked loans).": (
        "对全部申请人排序的 AUC 为 {}（已放款贷款为 {}）。"
    ),
    "Ranks everyone who applied with an AUC of {}.": "对全部申请人排序的 AUC 为 {}。",
    "Ranks rows that it did not learn from with an AUC of {}.": (
        "对未参与学习的样本排序的 AUC 为 {}。"
    ),
    "95 % of drawn samples lie in {}; the ridge has {}.": "95 % 的重抽样落在 {}；岭回归为 {}。",
    "{} bads come for each one that the PD expects.": "每预期一名坏客户，实际出现 {} 名。",
    "After every rule approves {} of the asked, {} of them truly bad.": (
        "经全部规则后批准 {} 的完整申请，其中真实坏账率 {}。"
    ),
    "After every rule approves {} of the asked.": "经全部规则后批准 {} 的完整申请。",
    "Expects {} a year; run forward the book earns {}.": "预期年利润 {}；推演账本实得 {}。",
    "Expects {} a year.": "预期年利润 {}。",
    "{} of {} bars are missed.": "{} 项标准未达标，共 {} 项。",
    "All {} bars are met.": "{} 项标准全部达标。",
    "{} groups need a look; {} red rows are not decided.": (
        "{} 个客群需要审视；{} 个红色条目尚未决定。"
    ),
    "{}, with changes": "{}（有未提交改动）",
    "{}; {}; {}; not a champion before `creditloom register`": (
        "{}；{}；{}；在 creditloom register 之前并非冠军模型"
    ),
    "{} bars missed": "{} 项标准未达标",
    "all bars met": "标准全部达标",
    "validated": "已验证",
    "not validated": "未验证",
    "policy approved": "策略已批准",
    "trial policy": "试行策略",
    "{} points on {} rows": "{} 分（{} 行）",
    "stacked margins ({}), calibrated by one affine step": "叠加边际（{}），经一次仿射变换校准",
    "PD of twelve months for applicants of {}, with reasons and an offer": (
        "为 {} 的申请人给出十二个月违约概率、理由与报价"
    ),
    "{} loans with {} bads": "{} 笔贷款，其中 {} 名坏客户",
    "{} of {} features; {} of the gain": "{} 个（共 {} 个特征），占增益 {}",
    "stack weight of {}": "叠加权重：{}",
    "All {} features of the model": "模型全部 {} 个特征",
    "rows in {} tables": "行，{} 张表",
    "of {} built": "共构建 {} 个",
    "{} bad": "其中 {} 坏",
    "{} bads": "{} 名坏客户",
    "{} quarantined": "{} 行被隔离",
    "{} offered": "候选 {} 个",
    "{} reference applicants": "{} 名参照申请人",
    "{} approved": "{} 名获批",
    "{} constant": "{} 个恒定",
    "{} empty": "{} 个缺失过多",
    "{} double": "{} 个重复",
    "{} weak": "{} 个作用太弱",
    "{} drift": "{} 个漂移",
    "{} left out": "{} 个按配置排除",
    "{} left_out": "{} 个按配置排除",
    "{} bad, {} set aside": "其中 {} 坏，{} 行被剔除",
    "{} of them categories": "其中 {} 个为类别",
    "Rows per raw table, {} in all": "各原始表行数，共 {}",
    "{} of {} rows are red; of {} nobody has recorded a decision.": (
        "{} 个红色条目，共 {} 个；其中 {} 个无人记录决定。"
    ),
    "Not computed, as a law forbids it: {}.": "因法规禁止而未计算：{}。",
    (
        "{} declines and refusals, {} of them with a reason, {} each on average. Points miss the "
        "score by at most {}."
    ): ("{} 个拒绝与不予受理，{} 附理由，平均每份 {} 条。分值与评分之差至多 {}。"),
    "No declines or refusals. Points miss the score by at most {}.": (
        "没有拒绝或不予受理。分值与评分之差至多 {}。"
    ),
    "Application {}": "申请 {}",
    "{} declines with {} cited concepts.": "{} 个拒绝，共列 {} 个概念。",
    (
        "What was stated about the simulated data before the code that makes them, beside what "
        "this run shows: {} claims are met, {} missed, {} withdrawn. A claim that needs another "
        "run is neither here: `make claims` measures it."
    ): (
        "编写生成代码之前对模拟数据的陈述与本次结果对照：{} 项达标，{} 项未达标，{} "
        "项撤回。需另行运行的陈述两者皆非：由 make claims 测量。"
    ),
    "{} features fell: {}.": "{} 个特征落选：{}。",
    "{} of {} rows hold something beyond training. {}": "{} 行含训练范围之外的内容，共 {} 行。{}",
    "{} in all, as measured when each stage last ran on this machine.": (
        "合计 {}，为各阶段最近一次在本机运行的耗时。"
    ),
    "{} s": "{} 秒",
    "{} rows in {} tables": "{} 行，{} 张表",
    "{} applicants": "{} 名申请人",
    "{} applications": "{} 份申请",
    "{} features": "{} 个特征",
    "{} decisions": "{} 个决策",
    "{} loans, {} bads, {} features": "{} 笔贷款，{} 名坏客户，{} 个特征",
    "{} bytes": "{} 字节",
    "{} examples": "{} 个示例",
    "{} kept": "保留 {} 个",
    "{} loans": "{} 笔贷款",
    "{} · tier {} · PD {} · score {} · limit {}": "{} · 等级 {} · 违约概率 {} · 评分 {} · 额度 {}",
    "{} · tier {} · PD {} · score {}": "{} · 等级 {} · 违约概率 {} · 评分 {}",
    "base {}, concepts {}, together {}; rounding and clipping {} give {}. The sum is exact.": (
        "基准 {}，概念 {}，合计 {}；取整与截断 {} 得 {}。合计精确。"
    ),
    (
        "base {}, concepts {}, together {}; rounding and clipping {} give {}. The sum is exact "
        "to {}."
    ): ("基准 {}，概念 {}，合计 {}；取整与截断 {} 得 {}。合计精确到 {}。"),
    "month {}": "第 {} 月",
    "{} and over": "{} 岁及以上",
    "{} or older": "{} 岁及以上",
    "Grave and not accepted: {}. Do not use this fit as it is.": (
        "严重且未接受：{}。请勿直接使用此结果。"
    ),
    "approved below PD {}, the table's bad rate": "违约概率低于 {}（本表坏账率）即批准",
    "Out of time: {} bads of {} rows: few.": "时间外：{} 名坏客户，共 {} 行：偏少。",
}
