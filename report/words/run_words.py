"""Words of stages, decisions, reasons, the glossary and the page of a fitted table."""

from __future__ import annotations

# table: English -> Chinese
RUN = {
    # families
    "payment flow": "支付流水",
    "social graph": "社交关系",
    "assets": "资产",
    "device stability": "设备稳定性",
    "bureau": "征信",
    "identity": "身份核验",
    # decisions and caps
    "approve": "批准",
    "refer": "转人工",
    "decline": "拒绝",
    "refuse": "不予受理",
    "approvals": "批准",
    "product": "产品",
    "exposure": "总敞口",
    "capacity": "偿付能力",
    "affordability": "偿付能力",
    "formula": "公式",
    "law": "法规",
    "policy": "策略",
    # reasons
    (
        "Base points plus the points of every concept are the score, exactly. Reasons are the "
        "concepts that lost most points against the mean of approved training applicants; each "
        "names the behaviour with its number."
    ): (
        "基准分加各概念分值恰为评分。理由为相对获批训练申请人均值扣分最多的概念，并给出行为与数值。"
    ),
    "How often each reason is given": "各理由出现频率",
    "reason": "理由",
    "times given": "次数",
    "of decisions with reasons": "占有理由决策",
    "mean points": "平均分值",
    (
        "The simulated world knows what each concept truly cost a person. The best predictor is "
        "the learner of the house, taught by these true costs from the same columns: it says how "
        "much of the truth they can tell. It cites as many concepts of each person as the model "
        "does."
    ): (
        "模拟世界知道每个概念对个人的真实影响。最佳预测由同一学习器用同样列学习这些真实影响得到"
        "，说明这些列能揭示多少真相；其为每人列出的概念数与模型相同。"
    ),
    "Cited concepts of out-of-time declines, by the truth": "时间外拒绝所列概念的真实性",
    "best predictor": "最佳预测",
    "of the best": "占最佳",
    "higher is better; the same number for each person": "越高越好；每人数目相同",
    "higher is better": "越高越好",
    "smaller is better; within one error of the concept": "越小越好；以概念的一个误差为限",
    "1: the same order for each person": "1：每人次序相同",
    "best: of the truth itself": "最佳：取自真值",
    (
        "Some out-of-time applicants of each decision, at even scores. Each is taken apart: "
        "points against the typical approved applicant, facts beside typical ones, rules, what "
        "would change it, the letter."
    ): (
        "每种决策各取若干时间外申请人，评分均匀分布。逐一分解：与典型获批者相比的分值、事实与典"
        "型值对照、规则、如何改变结果、通知函。"
    ),
    # stages
    "simulate": "模拟",
    "featurize": "特征",
    "select": "筛选",
    "train": "训练",
    "calibrate": "校准",
    "bundle": "打包",
    "decide": "决策",
    "evaluate": "评估",
    "explain": "解释",
    "report": "报告",
    "features": "特征",
    "product max": "产品最高额度",
    "tier max": "等级最高额度",
    "tier initial": "等级初始额度",
    "new user": "新客户上限",
    "study": "在校期间上限",
    "hard enquiries": "硬查询",
    "embargo": "时间外首日",
    "optimistic": "文件所载全部",
    "measured by `make claims`": "由 make claims 测量",
    "kept": "保留",
    "built": "已构建",
    # glossary
    "probability of default within twelve months of the application, after calibration": (
        "申请后十二个月内违约的概率（校准后）"
    ),
    "days past due, counted from the contractual date": "自合同日期起计的逾期天数",
    "the moment of application; nothing known later may be used": (
        "申请时刻；不得使用其后获知的信息"
    ),
    "all applications of one month": "同一月份的全部申请",
    "the last months, never used to train, tune or calibrate; read once": (
        "最后几个月，从不用于训练、调参或校准；只读取一次"
    ),
    "chance that a bad scores below a good; Gini = 2 AUC − 1": (
        "坏客户评分低于好客户的概率；基尼 = 2 AUC − 1"
    ),
    "widest gap between the cumulative shares of bads and goods": "好坏客户累计占比的最大差距",
    "how far a distribution has moved from the training months": "分布相对训练月份的偏移程度",
    "best ranking with every latent state known; best ranking that the same features allow": (
        "知晓所有隐含状态的最佳排序；同样特征所允许的最佳排序"
    ),
    "a nameable behaviour; the points of its features are summed and given as one reason": (
        "可命名的行为；其特征分值之和作为一个理由"
    ),
    (
        "one of six kinds of information: payment flow, social graph, assets, device stability, "
        "bureau, identity"
    ): ("六类信息之一：支付流水、社交关系、资产、设备稳定性、征信、身份核验"),
    "score points: 20 points double the odds of repaying (PDO 20, 600 at 50:1)": (
        "评分点：20 分使还款几率翻倍（PDO 20，50:1 对应 600 分）"
    ),
    (
        "mean points of approved training applicants, frozen in the bundle; reasons are losses "
        "against it"
    ): ("获批训练申请人的平均分值，固定于模型包；理由为相对其的扣分"),
    "band of PD; sets price and the most that may be lent": "违约概率区间；决定价格与最高可贷额",
    "all-in yearly cost; the higher of simple 365-day and IRR × 12 is held against the law": (
        "年化综合成本；以单利（365 天）与 IRR × 12 中较高者对照法规"
    ),
    (
        "chance that the old policy booked a loan; its inverse weighs booked loans up to all who "
        "applied"
    ): ("旧策略放款的概率；其倒数将已放款贷款加权至全部申请人"),
    # a table of one's own
    "probability that a row is bad as the label says, after calibration": (
        "按标签为坏的概率（校准后）"
    ),
    "a row whose label is 1": "标签为 1 的样本",
    "by a model that did not learn from the row: figures, tiers and fairness here are so": (
        "由未学习该样本的模型给出：本页指标、等级与公平性均如此"
    ),
    "the rows with the latest dates, judged by a model of the earlier ones": (
        "日期最晚的样本，由较早样本训练的模型评判"
    ),
    "where a figure lies with the luck of the judged rows: rows, or borrowers, drawn again": (
        "指标随所评样本偶然性的范围：对样本或借款人重抽样"
    ),
    "chance that a bad scores below a good": "坏客户评分低于好客户的概率",
    "the simple challenger: an additive logit on the same rows, one table per column": (
        "简单的挑战者：同样样本上的加性逻辑回归，每列一张表"
    ),
    "a column, or columns that share a stated name; their points are one reason": (
        "一列，或共用指定名称的若干列；其分值为一个理由"
    ),
    "mean points of approved rows, frozen in the bundle; reasons are losses against it": (
        "获批样本的平均分值，固定于模型包；理由为相对其的扣分"
    ),
    "band of PD, around the bad rate of the table; it alone decides": (
        "围绕本表坏账率的违约概率区间，仅由其决定"
    ),
    "a feature that tells a protected column: AUC .5 tells nothing, 1 tells it in every row": (
        "能揭示受保护列的特征：AUC .5 毫无揭示，1 则每行皆可揭示"
    ),
    "A table of your own: figures are of rows that the model did not learn from": (
        "自有数据表：指标均来自模型未学习的样本"
    ),
    "Figures are of the rows of this table: another population needs a look of its own.": (
        "指标仅针对本表样本：其他人群须另行检验。"
    ),
    (
        "A row that was never booked has no outcome here; whoever decides by this model chose "
        "which rows it could learn from."
    ): ("从未放款的样本没有结果；以往的审批决定了模型能学到哪些样本。"),
    "`creditloom letter` writes it, once `creditloom score` has decided the row by this bundle.": (
        "用 `creditloom score` 以本模型包对该行作出决定后，由 `creditloom letter` 生成。"
    ),
    (
        "Some rows of each decision, at even scores, as the final model decides them. Each is "
        "taken apart: points against the typical approved row, its values beside usual ones, "
        "rules."
    ): (
        "每种决策各取若干行，评分均匀分布，由最终模型决定。逐一分解：与典型获批行相比的分值、"
        "取值与常见值对照、规则。"
    ),
    "Warnings about the table": "关于数据表的警示",
    "how grave": "严重程度",
    "name": "名称",
    "what was found": "发现",
    "what to do": "处理办法",
    "grave": "严重",
    "warning": "警告",
    "accepted": "已接受",
    "note": "提示",
    "Protected columns: how well a feature and the score tell them": (
        "受保护列：特征与评分揭示它们的程度"
    ),
    "protected": "受保护列",
    "feature that tells it best": "最能揭示的特征",
    "AUC of the score": "评分的 AUC",
    "group told best": "最易揭示的客群",
    "rows in no shown group": "未列客群的样本",
    "What the table itself gives away, judged one column and one row at a time.": (
        "逐列逐行判断数据表自身透露的信息。"
    ),
    (
        "No column tells the outcome by itself, no level is all bad, no period holds one class, "
        "no row stands in two folds, and no feature or score tells a protected column."
    ): (
        "没有任何列单独透露结果，没有取值全为坏，没有时期只含一类，没有样本处于两折，也没有特征"
        "或评分揭示受保护列。"
    ),
    "one per row": "每行一条",
    "auc": "AUC",
    "gini": "基尼系数",
    "ks": "KS",
    "brier": "Brier 分数",
    "logloss": "对数损失",
    "ece": "期望校准误差",
    "level_ratio": "水平比",
    "mean_pd": "平均违约概率",
    "bad_rate": "坏账率",
    "not judged here": "此处未评判",
}
