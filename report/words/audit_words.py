"""Words of the fairness audit: fields, groups, outcomes, laws, and what was decided."""

from __future__ import annotations

# table: English -> Chinese
AUDIT = {
    (
        "Each group is held against the best one of its field: a ratio of rates or means (below "
        "1 is worse), for referral and refusal the difference of rates. A row is red where it "
        "lies beyond its edge and its interval leaves out that the groups are even; "
        "fairness.yaml has the edges."
    ): (
        "每个客群与其字段中最佳客群比较：比率或均值之比（低于 1 "
        "为差），转人工与不予受理取比率之差。超出界限且区间排除相等时为红；界限见 "
        "fairness.yaml。"
    ),
    "Red rows and what was decided about them": "红色条目及其处理决定",
    "Every group, outcome and basis": "全部客群、结果与口径",
    "outcome": "结果",
    "among": "比较对象",
    "best group": "最佳客群",
    "against the best": "与最佳之比",
    "decided": "决定",
    "by": "由谁",
    "again by": "复审期限",
    "why": "原因",
    "value": "取值",
    "state": "状态",
    "red": "红",
    "green": "绿",
    "open": "未决定",
    "accept": "接受",
    "look": "审视",
    "even": "相等",
    "unsure": "不确定",
    "amber": "黄",
    "small": "样本过少",
    "not red": "非红",
    "all who applied": "全部申请人",
    "people of like PD": "违约概率相近者",
    "the truly good, by truth": "真正的好客户（真值）",
    "loans seen to be good, weighted to the door": "已知为好的贷款（加权至全部申请人）",
    (
        "How well the score, the best concepts and the best features tell who belongs to a "
        "group: 0.5 nothing, 1 all. What lies above the edge of fairness.yaml is listed first."
    ): (
        "评分、最佳概念与最佳特征揭示客群归属的程度：0.5 毫无揭示，1 完全揭示。高于 "
        "fairness.yaml 界限者在前。"
    ),
    "Proxies above the edge": "超出界限的替代变量",
    "Every group": "全部客群",
    "told by": "由何揭示",
    "name": "名称",
    "Tests by law": "各法规的检验",
    "jurisdiction": "法域",
    "test of": "检验对象",
    "standing": "性质",
    "since": "生效日",
    "computed here": "是否计算",
    "note": "说明",
    "no, forbidden": "否（禁止）",
    "Nothing was left out.": "没有遗漏。",
    "required": "要求",
    "forbidden": "禁止",
    "not required": "不要求",
    (
        "None of these fields is a feature or a reason; they are kept to audit the outcome. A "
        "ratio under 0.80 calls for a look."
    ): ("这些字段均非特征或理由，仅为审计结果而保留。比率低于 0.80 需审视。"),
    "Outcomes by audit field": "各审计字段的结果",
    "ratio to best group": "与最佳客群之比",
    # outcomes
    "decision": "决策",
    "limit": "额度",
    "price": "价格",
    "referral": "转人工",
    "refusal": "不予受理",
    "reasons": "理由",
    "proxies": "替代变量",
    "alternatives": "替代模型",
    "audit": "审计",
    "score": "评分",
    "concept": "概念",
    "feature": "特征",
    "field": "字段",
    # fields and groups
    "occupation": "职业",
    "age band": "年龄段",
    "age_band": "年龄段",
    "is student": "学生",
    "is_student": "学生",
    "region tier": "地区等级",
    "region_tier": "地区等级",
    "is repeat": "老客户",
    "is_repeat": "老客户",
    "all features": "全部特征",
    "sex": "性别",
    "market segment": "市场客群",
    "market_segment": "市场客群",
    "segment": "客群",
    "payment file": "支付档案",
    "thin file": "薄档案",
    "thin_file": "薄档案",
    "blue collar": "蓝领",
    "white collar": "白领",
    "micro merchant": "小微商户",
    "gig": "零工",
    "gig worker": "零工",
    "student": "学生",
    "civil servant": "公务员",
    "retired": "退休",
    "farmer": "农户",
    "other": "其他",
    "freelancer": "自由职业",
    "unemployed": "无业",
    "self employed": "个体经营",
    "public sector": "公共部门",
    "small business": "小微企业",
    "young": "年轻人",
    "urban earner": "城市有收入者",
    "under 25": "25 岁以下",
    "yes": "是",
    "no": "否",
    "health": "健康",
    "religion": "宗教",
    "ethnicity": "民族",
    "cn": "中国",
    "eu": "欧盟",
    "us reg b": "美国 B 条例",
    "none": "无",
    # what was decided
    "head of compliance": "合规负责人",
    "head of model risk": "模型风险负责人",
    (
        "The law asks for it: a micro-loan company may not lend to students, a bank needs a "
        "second source of repayment (R5, 银保监办发〔2021〕28号; S2-R10). The difference stays "
        "when the PD is the same, as a rule makes it."
    ): (
        "法规要求：小贷公司不得向学生放贷，银行须有第二还款来源（R5，银保监办发〔2021〕28号；S2"
        "-R10）。违约概率相同时差异仍在，因其由规则造成。"
    ),
    "The same people as is_student, decided by the same rule (R5).": (
        "与 is_student 为同一人群，由同一规则（R5）决定。"
    ),
    (
        "Students are most of those under 25 whom a rule refuses (R5); is_student has the "
        "decision about that rule. No rule asks for an age above 18 to refuse."
    ): (
        "25 岁以下被规则拒绝者多为学生（R5）；该规则的决定见 is_student。没有规则因年满 18 "
        "岁而拒绝。"
    ),
    "The same people as those under 25, but for the few with a turnover of a small business.": (
        "与 25 岁以下为同一人群，仅少数有小微企业流水者除外。"
    ),
    (
        "Two in five of them have thin files, since they spend offline (S4-R29). creditloom "
        "alternatives searches models with a smaller gap; docs/fairness.md has what it found. A "
        "change of the delivered model needs the champion's gate."
    ): (
        "其中五分之二为薄档案，因其线下消费（S4-R29）。creditloom alternatives "
        "搜索差距更小的模型；结果见 docs/fairness.md。更换交付模型须通过冠军准入。"
    ),
    # what laws say
    (
        "automated decisions: no unreasonable differences of price [found]; same grade, product "
        "and date, same price (S4-R50)"
    ): ("自动化决策：价格不得有不合理差别 [已查]；同等级、同产品、同日期同价（S4-R50）"),
    "automated decisions must have fair results [found]": "自动化决策结果须公平 [已查]",
    "an explanation on request where the effect is major [found]": (
        "影响重大时应请求予以说明 [已查]"
    ),
    "must not be collected, so it cannot be tested [found]": "不得采集，故无法检验 [已查]",
    (
        "bias is examined and mitigated in high-risk systems; moved from 2026-08-02 by the "
        "Digital Omnibus [found]"
    ): ("高风险系统须检查并减轻偏差；由数字综合法案自 2026-08-02 推迟 [已查]"),
    "sources of bias in the data [known]": "数据中的偏差来源 [已知]",
    "the logic is explained concisely [known]": "须简明说明其逻辑 [已知]",
    (
        "special category; from 2027-12-02 AI Act art. 10 (5) allows what is strictly needed to "
        "find bias [known]"
    ): ("特殊类别；自 2027-12-02 起人工智能法第 10 条第 5 款允许为发现偏差所严格必要者 [已知]"),
    "no special categories in the assessment of creditworthiness [found]": (
        "信用评估不得使用特殊类别 [已查]"
    ),
    "disparate impact, until the final rule of 2026-04-22 [found in part]": (
        "差别影响，至 2026-04-22 最终规则为止 [部分已查]"
    ),
    (
        "the effects test is removed; neutral criteria as intentional proxies stay illegal "
        "[found]. State law may ask for it"
    ): ("效果检验已取消；以中性标准作故意替代仍属违法 [已查]。州法可能要求"),
    "neutral criteria used as intentional proxies stay illegal [found]": (
        "以中性标准作故意替代仍属违法 [已查]"
    ),
    "adverse action notice with the specific principal reasons within 30 days stays [found]": (
        "30 天内告知具体主要理由的不利决定通知仍须保留 [已查]"
    ),
    "a creditor may not ask for it, self-tests excepted [known]": (
        "债权人不得询问，自检除外 [已知]"
    ),
    # sources of laws
    "PIPL art. 24": "个人信息保护法第 24 条",
    "征信业管理条例 art. 14 (R7)": "征信业管理条例第 14 条（R7）",
    "Regulation (EU) 2024/1689 art. 10 (2)(f)-(g), annex III 5(b)": (
        "欧盟 2024/1689 号条例第 10 条第 2 款 f-g、附件 III 5(b)"
    ),
    "Regulation (EU) 2024/1689 art. 10 (2)(f)-(g)": "欧盟 2024/1689 号条例第 10 条第 2 款 f-g",
    "GDPR art. 13-15, 22; CJEU C-203/22": "GDPR 第 13-15、22 条；欧盟法院 C-203/22",
    "GDPR art. 9": "GDPR 第 9 条",
    "Directive (EU) 2023/2225 art. 18": "欧盟 2023/2225 号指令第 18 条",
    "12 CFR 1002.6 (a), effects test": "12 CFR 1002.6 (a)（效果检验）",
    "Reg B final rule of 2026-04-22": "B 条例 2026-04-22 最终规则",
}
