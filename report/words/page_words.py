"""Words of the page itself: headings, columns, leads, captions."""

from __future__ import annotations

# table: English -> Chinese
PAGE = {
    # frame
    "Credit decisions": "信贷决策报告",
    "Skip to the report": "跳到报告正文",
    "Made by Creditloom. This page holds everything it shows; it fetches nothing.": (
        "由 Creditloom 生成。本页内容完整，不从网络读取任何数据。"
    ),
    "What may not be concluded": "不可据此得出的结论",
    "find in this table": "在本表中查找",
    "met": "达标",
    "missed": "未达标",
    "not judged": "未评判",
    "not measured": "未测量",
    "concept": "概念",
    "drawn": "图示",
    "points": "分值",
    "points from base to score": "从基准分到评分",
    "Approve below a PD of": "批准违约概率低于",
    "back to the cut in force": "回到现行分界点",
    "find an application, a tier, a reason, a code": "查找申请、等级、理由或代码",
    "every decision": "全部决策",
    "decision": "决策",
    "run": "运行编号",
    "made on": "生成日期",
    "seed": "随机种子",
    "commit": "提交",
    "data period": "数据期间",
    "status": "状态",
    "product": "产品",
    "law": "适用法规",
    "no checkout": "无代码库",
    "none": "无",
    "shap library against runtime": "SHAP 库与运行时之差",
    "bundle": "模型包",
    "behind the figures": "指标依据",
    "decisions by": "决策依据",
    "tier cut": "等级分界",
    "the final model, of all rows": "全部样本训练的最终模型",
    # what may not be concluded
    (
        "The lender and its people are simulated: nothing here is a statement about a real "
        "institution, and figures through the door are known only because the world is simulated."
    ): ("机构与客户均为模拟：本页不涉及任何真实机构；全部申请人的指标仅因世界是模拟的才可知。"),
    "Outcomes of the refused are not known: figures stand for them by weights only.": (
        "被拒者的结果未知：指标仅通过权重代表他们。"
    ),
    (
        "Out of time is not out of knowledge: outcomes of the last months are read once, and a "
        "second look at them would be training."
    ): ("时间外不等于信息外：最后几个月的结果只读取一次，再看一次即成训练。"),
    "Profit is a model of one year with its stated terms, not an account.": (
        "利润是按所列条件推算的一年模型值，并非账目。"
    ),
    "Reasons say what the score weighed, not what causes default.": (
        "理由说明评分所依据的因素，并非违约的原因。"
    ),
    # decision
    (
        "Out-of-time applicants, whom the model has not seen. Through the door: everyone who "
        "applied; booked: loans that were paid out, whose outcome a lender sees."
    ): ("时间外申请人，模型未曾见过。全部申请人：所有申请者；已放款：已发放且机构可见结果的贷款。"),
    "of the offers, as priced": "按报价计",
    (
        "The ridge logit is the simple challenger. The incumbent scorecard is what decided "
        "before: a first champion has no other model beside it."
    ): ("岭回归是简单的挑战者；现行评分卡是此前的决策依据：首个冠军模型没有其他对照。"),
    "Model beside ridge logit and incumbent": "模型与岭回归、现行评分卡对比",
    "ridge logit": "岭回归",
    "incumbent scorecard": "现行评分卡",
    "measure": "指标",
    "model": "模型",
    "bar": "标准",
    "found": "实测",
    "aim": "目标",
    "verdict": "结论",
    "Bars of the run": "本次运行的标准",
    "What was promised before the run, and what came out on the out-of-time months.": (
        "运行前的承诺与时间外月份的结果。"
    ),
    "No bar could be judged here.": "此处没有可评判的标准。",
    "not available for real data": "真实数据不可得",
    (
        "The model beside its rivals on the out-of-time months, the same applicants for both. "
        "With a truth: the difference in the share of the reachable Gini, through the door. "
        "Without: in AUC. The interval holds 95 % of drawn samples of applicants; one that holds "
        "0 shows no winner."
    ): (
        "时间外月份上模型与各对手的比较，双方为同一批申请人。有真值时比较占可达基尼的份额（全部"
        "申请人），否则比较 AUC。区间含 95 % 的重抽样；含 0 则不分胜负。"
    ),
    "All comparisons, model less rival": "全部比较（模型减对手）",
    "rival": "对手",
    "on": "样本",
    "n": "样本量",
    "bads": "坏客户",
    "of the rival": "对手",
    "difference": "差值",
    "95 % from": "95 % 下限",
    "to": "上限",
    "from": "下限",
    "p (DeLong)": "p 值（DeLong）",
    "share of reachable": "占可达份额差",
    "the model is": "模型",
    # portfolio
    "What the decisions add up to; approval is counted before affordability and consent.": (
        "全部决策的汇总；通过率未计偿付能力与授权规则。"
    ),
    "Portfolio of the out-of-time months": "时间外月份的资产组合",
    "approval rate": "通过率",
    "true bad rate of approved, neutral macro": "获批真实坏账率（中性宏观）",
    "bad rate of approved": "获批坏账率",
    "expected profit, as priced": "预期利润（按报价）",
    "bad rate final true": "最终获批真实坏账率",
    "mean limit": "平均额度",
    "limits in all": "额度合计",
    "mean APR, IRR × 12": "平均年化（IRR × 12）",
    "Profit of a year, step by step: from the price to the book run forward": (
        "年利润逐步分解：从定价到账本推演"
    ),
    "step": "步骤",
    "adds, yuan": "增减（元）",
    "profit then, yuan": "累计利润（元）",
    "expected, as priced": "预期（按报价）",
    "offers that are not taken up": "未被接受的报价",
    "lines used more or less than expected": "额度使用高于或低于预期",
    "defaults more or fewer than the PD says": "违约多于或少于预测",
    "interest and funding of the months that came": "实际月份的利息与资金成本",
    "loans repaid early": "提前还清的贷款",
    "money recovered, beside what the LGD says": "回收额与 LGD 假设之差",
    "monthly reviews": "月度复审",
    "Whom model and ridge logit choose apart, at the same number of approvals": (
        "同等通过数下模型与岭回归各自选择的客群"
    ),
    "approved by": "由谁批准",
    "applicants": "申请人",
    "bad rate": "坏账率",
    "both": "双方",
    "the model only": "仅模型",
    "the ridge logit only": "仅岭回归",
    # cut-off
    (
        "Move the slider to another cut. Approval counts the cut alone; what the rules stop "
        "besides is in the column after every rule. Up to the present cut profit sums the offers "
        "that were made; beyond it, it is an estimate at the mean offer of the last approving "
        "tier."
    ): (
        "移动滑块选择其他分界点。通过率仅计分界点；经全部规则后的比例另列一栏。现行分界点以内的"
        "利润为实际报价之和；以外为按最后批准等级平均报价的估计。"
    ),
    (
        "Move the slider to another cut. Figures are of the PDs of models that did not learn from "
        "the row. The table has no offers, so no profit is counted."
    ): (
        "移动滑块选择其他分界点。各项指标按未学习该行的模型所给违约概率计算；数据表没有报价，"
        "故不计利润。"
    ),
    "PD below": "违约概率低于",
    "approved": "批准",
    "approval": "通过率",
    "after every rule": "经全部规则后",
    "mean PD / bad rate": "平均违约概率 / 坏账率",
    "mean PD": "平均违约概率",
    "expected profit": "预期利润",
    "expected loss": "预期损失",
    "bads declined": "拒绝的坏客户",
    "bads approved": "批准的坏客户",
    "goods declined": "拒绝的好客户",
    "goods approved": "批准的好客户",
    "more approved than now": "较现行多批准",
    "bad rate of the moved": "变动客群坏账率",
    "approved by the model only": "仅模型批准",
    "their bad rate": "其坏账率",
    "bad rate of the ridge's only": "仅岭回归批准者坏账率",
    "Every cut-off": "全部分界点",
    "Segments at the chosen cut-off": "所选分界点的各客群",
    "How many of the bads stand in the riskiest tenths, and how goods and bads lie apart.": (
        "风险最高的各十分位含有多少坏客户，以及好坏客户的分离程度。"
    ),
    "Gains table: tenths of applicants, the riskiest first": (
        "增益表：申请人十分位（风险最高在前）"
    ),
    "tenth, riskiest first": "十分位",
    "bads so far": "累计坏客户",
    "goods so far": "累计好客户",
    "lift": "提升度",
    "gap (KS)": "差距（KS）",
    "Score densities": "评分分布",
    "score from": "评分下限",
    "goods": "好客户",
    "score": "评分",
    # model
    "what it is": "模型",
    "All features of the model": "模型全部特征",
    "90 or more days past due, or written off, within the performance window": (
        "表现期内逾期 90 天及以上或核销"
    ),
    "none is a feature or a reason; they are kept for the audit": "均非特征或理由，仅为审计保留",
    (
        "loans of another horizon, collections, marketing, people under age, another population "
        "without validation"
    ): ("其他期限的贷款、催收、营销、未成年人、未经验证的其他人群"),
    "Sample flow": "样本流向",
    "used for": "用途",
    "months": "月份",
    "applications": "申请数",
    "booked, with an outcome": "已放款且有结果",
    "neither good nor bad": "不好不坏",
    "From all applications to those that were learnt from, calibrated on and judged.": (
        "从全部申请到用于学习、校准与评判的样本。"
    ),
    "train": "训练",
    "calibration": "校准",
    "oot": "时间外",
    "Hyperparameters": "超参数",
    "setting": "参数",
    "value": "取值",
    "trees": "棵树",
    "leaves": "叶子数",
    "ridge_penalty": "岭回归惩罚",
    "yes": "是",
    "no": "否",
    (
        "Every feature of the model, the strongest first. The direction is the sign that the "
        "model must keep; the curve shows mean points against the approved, from low values to "
        "high ones."
    ): (
        "模型的全部特征，最强在前。方向为模型必须保持的符号；曲线为从低值到高值、相对获批者的平"
        "均分值。"
    ),
    "feature": "特征",
    "meaning": "含义",
    "family": "信息类别",
    "direction": "方向",
    "share of gain": "增益占比",
    "mean |points|": "平均绝对分值",
    "IV": "IV",
    "missing in training": "训练期缺失",
    "missing now": "当前缺失",
    "PSI": "PSI",
    "typical of the approved": "获批者典型值",
    "median now": "当前中位数",
    "10 %": "10 % 分位",
    "90 %": "90 % 分位",
    "points by value": "分值随取值变化",
    "A feature sees an event only if it had happened and was known before the application.": (
        "特征仅使用申请前已发生且已知的事件。"
    ),
    "raw table": "原始表",
    "rows": "行数",
    "one per application": "每份申请一条",
    "concepts in points": "项以分值表示的概念",
    "finished features": "已完成的特征",
    (
        "How much of what the model explains comes from each kind of information, against the "
        "share that the source table gives it."
    ): ("模型解释力来自各类信息的份额，与来源表所给份额对比。"),
    "Family shares: Cov(Φ family, F) / Var(F), summing to 100 %": (
        "各类信息份额：Cov(Φ, F) / Var(F)，合计 100 %"
    ),
    "share": "占比",
    "target": "目标值",
    "± allowed": "± 容差",
    "its interval": "区间",
    "target, ± allowed": "目标值与容差",
    "R²": "R²",
    "How well features show each latent state (truth known only in the simulated world)": (
        "特征反映各隐含状态的程度（真值仅模拟世界可知）"
    ),
    "R² of latent states: not available for real data.": "隐含状态的 R²：真实数据不可得。",
    "Oracle and reachable: not available for real data.": "理论上限与可达上限：真实数据不可得。",
    (
        "Points are score points: a positive value raises the score. Drawn by the shap library "
        "on a sample of out-of-time applications."
    ): ("分值为评分点：正值提高评分。由 SHAP 库在时间外申请样本上计算。"),
    (
        "Points are score points: a positive value raises the score. Means over evenly spaced "
        "rows of the table."
    ): ("分值为评分点：正值提高评分。取自表中等距行的平均。"),
    "Mean absolute points per concept": "各概念平均绝对分值",
    "Points per family": "各类信息分值",
    # power
    (
        "Oracle: the best that anyone could do who knows every latent state. Reachable: the best "
        "that the same features allow, fitted on the truth. Both, and the shares, are Ginis on "
        "the true PD, free of the luck of drawn outcomes. The ridge logit is the simple "
        "challenger."
    ): (
        "理论上限：知晓所有隐含状态者所能达到的最佳。可达上限：同样特征在真值上拟合所能达到的最"
        "佳。两者及各份额均为真实违约概率上的基尼系数，不受抽样结果影响。岭回归是简单的挑战者。"
    ),
    "How well the model ranks applicants it has not seen.": "模型对未见申请人的排序能力。",
    "How well the model ranks rows that it did not learn from.": (
        "模型对未参与学习的样本的排序能力。"
    ),
    "Ranking power, out-of-time applicants": "区分能力（时间外申请人）",
    "predictor": "预测方法",
    "AUC": "AUC",
    "Gini": "基尼系数",
    "KS": "KS",
    "Gini on true PD": "真实违约概率上的基尼",
    "of reachable": "占可达上限",
    "of oracle": "占理论上限",
    "oracle": "理论上限",
    "reachable": "可达上限",
    "ridge": "岭回归",
    "ridge_logit": "岭回归",
    "goods declined so far": "累计拒绝好客户",
    "applicants, safest first": "申请人（由稳到险）",
    "share so far": "累计占比",
    "Cross-validated and out-of-time figures": "交叉验证与时间外指标",
    "Cross-validated figures": "交叉验证指标",
    "sample": "样本",
    "figure": "指标",
    "95 % interval": "95 % 区间",
    "model less ridge": "模型减岭回归",
    "cv": "交叉验证",
    # validation
    "Through the door. A group with fewer than ten bads has no AUC: it would be luck.": (
        "全部申请人。坏客户不足十人的客群不列 AUC：那只是偶然。"
    ),
    "Ranking and level by segment": "各客群的排序与水平",
    "field": "字段",
    "group": "客群",
    "observed / expected": "实际/预期",
    (
        "A model that does far better where it has learnt has learnt by heart. Rows learnt from "
        "are a sample; held-out ones were scored by models that had not learnt from them."
    ): (
        "若模型在学习过的样本上明显更好，即为死记硬背。学习样本为抽样；留出样本由未学习它们的模"
        "型评分。"
    ),
    "Training against out-of-time": "训练与时间外对比",
    "learnt": "学习过的贷款",
    "held_out": "留出的贷款",
    "oot_booked": "时间外已放款",
    "oot_weighted": "时间外已放款（加权至全部申请人）",
    "oot_door": "时间外全部申请人",
    "PSI of each feature by month": "各特征各月 PSI",
    "Each month against a sample of the training months: below 0.10 stable, above 0.25 act.": (
        "各月与训练月份样本相比：低于 0.10 稳定，高于 0.25 需采取措施。"
    ),
    (
        "Loans 90 or more days past due so far, by quarter of application. A month that not "
        "every loan of the quarter has reached is left open."
    ): ("按申请季度统计累计逾期 90 天及以上的贷款。该季度尚未全部达到的账龄留空。"),
    "Gone bad so far, by month on book": "累计转坏比例（按账龄月）",
    "quarter": "季度",
    "loans": "贷款数",
    (
        "Score PSI compares each month with the training months: below 0.10 stable, to 0.25 "
        "watch, above it act."
    ): ("评分 PSI 将各月与训练月份比较：低于 0.10 稳定，至 0.25 关注，以上需采取措施。"),
    "Application months": "申请月份",
    "month": "月份",
    "AUC, booked": "AUC（已放款）",
    "score PSI": "评分 PSI",
    "observed bad rate": "实际坏账率",
    (
        "A PD of 2 % should mean that two of a hundred such applicants default. One affine step "
        "on the log-odds, fitted on months of its own, sees to that."
    ): (
        "违约概率 2 % 应意味着一百名此类申请人中两人违约。由在专用月份上拟合的一次对数几率仿射"
        "变换保证。"
    ),
    (
        "A PD of 2 % should mean that two of a hundred such rows are bad. The level is fitted on "
        "PDs of rows that the model did not learn from."
    ): ("违约概率 2 % 应意味着一百个此类样本中两个为坏。其水平在模型未学习的样本上拟合。"),
    "mean PD of the bin": "各箱平均违约概率",
    "Calibration tests": "校准检验",
    "test": "检验",
    "how to read it": "如何解读",
    "through the door": "全部申请人",
    "as near the bad rate as chance allows": "在偶然范围内接近坏账率",
    "calibration in the large, z": "整体校准 z 值",
    "calibration in the large, p": "整体校准 p 值",
    "variance holds calibration and macro noise too": "方差含校准与宏观噪声",
    "above 0.01": "高于 0.01",
    "slope": "斜率",
    "1: PDs spread as outcomes do": "1：违约概率与结果同样分散",
    "intercept": "截距",
    "expected calibration error": "期望校准误差（ECE）",
    "ECE": "ECE",
    "smaller is better": "越小越好",
    "Brier score": "Brier 分数",
    "log-loss": "对数损失",
    "Spiegelhalter, p": "Spiegelhalter p 值",
    "reported; fails with the macro path on and much data": "仅报告；有宏观路径且数据多时不通过",
    "Hosmer-Lemeshow over tiers, p": "Hosmer-Lemeshow p 值（按等级）",
    "reported": "仅报告",
    "Jeffreys over tiers, least p (Holm)": "Jeffreys 最小 p 值（按等级，Holm）",
    "tiers reversed beyond chance": "超出偶然的等级倒挂",
    "Calibration of groups: observed against expected bads": "分组校准：实际与预期坏客户",
    "p (Holm)": "p 值（Holm）",
    "level aligned": "水平对齐后",
    "door": "全部申请人",
    "booked": "已放款",
    "tier": "等级",
    "vintage": "申请月份",
    "payment file": "支付档案",
    "bureau file": "征信档案",
    "customer": "客户类型",
    "incumbent": "现行评分卡",
    "segment": "客群",
    "thin": "薄档案",
    "thick": "厚档案",
    "held": "有",
    "new": "新客户",
    "repeat": "老客户",
    "Tiers are bands of PD. Same tier, product and date means the same price.": (
        "等级为违约概率区间。同等级、同产品、同日期则同价。"
    ),
    "Tiers are bands of PD around the table's bad rate. The tier alone decides.": (
        "等级为围绕本表坏账率的违约概率区间，仅由等级决定。"
    ),
    "Tiers of applicants that the model was not trained on": "模型未训练的申请人各等级",
    "Tiers by held-out PDs": "按留出违约概率的等级",
    "share of applicants": "申请人占比",
    "PD, bad rate": "违约概率、坏账率",
    "observed": "实际",
    "PD from": "违约概率下限",
    "below": "上限",
    "p (Jeffreys)": "p 值（Jeffreys）",
    "p (binomial)": "p 值（二项）",
    "daily rate": "日利率",
    "APR": "年化利率",
    # appendix
    (
        "What was stated about the simulated data before the code that makes them, beside what "
        "this run shows"
    ): ("在编写生成代码之前对模拟数据的陈述，与本次运行结果对照"),
    "Claims about the world": "关于模拟世界的陈述",
    "claim": "陈述",
    "bound": "界限",
    "unit": "单位",
    "source": "来源",
    "withdrawn because": "撤回原因",
    "withdrawn": "已撤回",
    "not measured here": "此处未测量",
    "not_measured": "未测量",
    "Features that fell, and why": "落选特征及原因",
    "why it fell": "落选原因",
    "doubles": "重复于",
    "detail": "说明",
    "constant": "恒定",
    "empty": "缺失过多",
    "double": "与他项重复",
    "weak": "作用太弱",
    "drift": "漂移",
    "left out": "按配置排除",
    "left_out": "按配置排除",
    (
        "A null where training had none, or a level that training did not hold. Such a row is "
        "treated as policy.beyond_training says."
    ): ("训练中未出现的缺失或取值。此类样本按 policy.beyond_training 处理。"),
    "Rows beyond training, per column": "各列超出训练范围的行",
    "column": "列",
    "null": "缺失",
    "level unseen": "未见取值",
    "share of rows": "行占比",
    "Seconds per stage": "各阶段耗时",
    "stage": "阶段",
    "seconds": "秒",
    "counts": "数量",
}
